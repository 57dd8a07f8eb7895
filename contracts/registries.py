"""The two contracts as the exchange uses them: reads answered, writes signed but not sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.abi import function_abi_to_4byte_selector

from contracts.artefacts import Artefact, load_artefact
from contracts.client import ChainFacts, JsonRpcChain, SignedTransaction, TransactionStatus

ANCHOR_REGISTRY = "anchor_registry"
LICENCE_REGISTRY = "licence_registry"
BATCH_MAX = 50
NO_PREDECESSOR = "0x" + "00" * 20

_ANCHOR_GAS = 250_000
_GRANT_GAS = 100_000
_GRANT_IN_BATCH_GAS = 60_000
_REVOKE_GAS = 60_000


@dataclass(frozen=True)
class ContractHead:
    """The newest head that the contract keeps; size 0 before the first anchor."""

    size: int
    root: bytes
    anchored_at_seconds: int


class LicenceStanding(IntEnum):
    """The contract's status numbers."""

    UNKNOWN = 0
    STANDING = 1
    REVOKED = 2


@dataclass(frozen=True)
class LicenceGrant:
    """What one grant records: two hashes and two Unix times in seconds, the end exclusive."""

    id: bytes
    commitment: bytes
    starts: int
    ends: int


class _Contract:
    def __init__(self, chain: JsonRpcChain, address: str, name: str) -> None:
        self.chain = chain
        self.contract = address
        self._artefact = load_artefact(name)

    @property
    def chain_id(self) -> int:
        return self.chain.facts.chain_id

    @property
    def facts(self) -> ChainFacts:
        return self.chain.facts

    def mined_nonce(self) -> int:
        return self.chain.mined_nonce()

    def next_nonce(self) -> int:
        return self.chain.next_nonce()

    def send(self, raw: bytes) -> None:
        self.chain.send(raw)

    def status(self, transaction_hash: str) -> TransactionStatus:
        return self.chain.status(transaction_hash)

    def _read(self, function: str, *values: Any) -> tuple[Any, ...]:
        abi = _function(self._artefact, function)
        answer = self.chain.call(self.contract, call_data(self._artefact, function, *values))
        return decode(_types(abi["outputs"]), answer)

    def _sign(self, gas: int, nonce: int, function: str, *values: Any) -> SignedTransaction:
        data = call_data(self._artefact, function, *values)
        return self.chain.sign(to=self.contract, data=data, gas=gas, nonce=nonce)


class JsonRpcAnchorRegistry(_Contract):
    """The anchor registry at an address; satisfies the ledger's `AnchorRegistry` by shape."""

    def __init__(self, chain: JsonRpcChain, address: str) -> None:
        super().__init__(chain, address, ANCHOR_REGISTRY)

    def head(self) -> ContractHead:
        """The newest head on the newest block."""
        size, root, time = self._read("head")
        return ContractHead(size, bytes(root), time)

    def sign_anchor(
        self, *, size: int, root: bytes, proof: Sequence[bytes], nonce: int
    ) -> SignedTransaction:
        """A signed, unsent anchor; ``proof`` leads from the contract's head (RFC 9162)."""
        return self._sign(_ANCHOR_GAS, nonce, "anchor", size, root, list(proof))

    def is_included(self, leaf_hash: bytes, index: int, proof: Sequence[bytes]) -> bool:
        """Whether the contract finds the leaf under its newest head; costs nothing."""
        (answer,) = self._read("inclusion", leaf_hash, index, list(proof))
        return bool(answer)


class JsonRpcLicenceRegistry(_Contract):
    """The licence registry at an address."""

    def __init__(self, chain: JsonRpcChain, address: str) -> None:
        super().__init__(chain, address, LICENCE_REGISTRY)

    def standing(self, licence: bytes) -> LicenceStanding:
        """What the chain records of a licence, by its id on chain."""
        return LicenceStanding(self._read("licence", licence)[0])

    def grant_of(self, licence: bytes) -> LicenceGrant | None:
        """The recorded grant, or None."""
        status, commitment, starts, ends, _ = self._read("licence", licence)
        return LicenceGrant(licence, bytes(commitment), starts, ends) if status else None

    def sign_grants(self, grants: Sequence[LicenceGrant], nonce: int) -> SignedTransaction:
        """A signed, unsent transaction that grants 1 to 50 licences, all or none."""
        assert 1 <= len(grants) <= BATCH_MAX, "a batch holds 1 to 50 grants"
        rows = [(each.id, each.commitment, each.starts, each.ends) for each in grants]
        if len(rows) == 1:
            return self._sign(_GRANT_GAS, nonce, "grant", *rows[0])
        gas = _GRANT_GAS + _GRANT_IN_BATCH_GAS * len(rows)
        return self._sign(gas, nonce, "grant_batch", rows)

    def sign_revocation(self, licence: bytes, nonce: int) -> SignedTransaction:
        """A signed, unsent revocation."""
        return self._sign(_REVOKE_GAS, nonce, "revoke", licence)


def call_data(artefact: Artefact, function: str, *values: Any) -> bytes:
    """The input of a call: selector and encoded arguments (contract ABI specification)."""
    abi = _function(artefact, function)
    return function_abi_to_4byte_selector(abi) + encode(_types(abi["inputs"]), values)


def creation_data(artefact: Artefact, *values: str) -> bytes:
    """The input of a contract's creation: its code, then its constructor's addresses."""
    return artefact.bytecode + encode(["address"] * len(values), values)


def _function(artefact: Artefact, name: str) -> Any:
    return next(each for each in artefact.abi if each.get("name") == name)


def _types(parameters: Sequence[Any]) -> list[str]:
    return [_type(each) for each in parameters]


def _type(parameter: Any) -> str:
    if not parameter["type"].startswith("tuple"):
        return str(parameter["type"])
    members = ",".join(_types(parameter["components"]))
    return f"({members}){parameter['type'].removeprefix('tuple')}"
