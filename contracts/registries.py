"""The four contracts as the exchange uses them: reads answered, writes signed but not sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import function_abi_to_4byte_selector

from contracts.artefacts import Artefact, load_artefact
from contracts.asking import ask
from contracts.client import ChainFacts, JsonRpcChain, SignedTransaction, TransactionStatus
from contracts.errors import ChainUnavailable

ANCHOR_REGISTRY = "anchor_registry"
LICENCE_REGISTRY = "licence_registry"
SETTLEMENT_REGISTRY = "settlement_registry"
KEY_REGISTRY = "key_registry"
BATCH_MAX = 50
NO_PREDECESSOR = "0x" + "00" * 20
OPEN_END = 2**64 - 1
"""The last size of a key that has no end."""

_WORD = 32
_ANCHOR_GAS = 250_000
_GRANT_GAS = 100_000
_GRANT_IN_BATCH_GAS = 60_000
_REVOKE_GAS = 60_000
_RECORD_GAS = 90_000
_RECORD_IN_BATCH_GAS = 50_000
_KEY_GAS = 90_000


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


@dataclass(frozen=True)
class StatementRoot:
    """What one record holds: the statement's id on chain and the root over its rows."""

    id: bytes
    root: bytes


class KeyRole(IntEnum):
    """The contract's role numbers."""

    CHECKPOINT = 1
    RECEIPTS = 2
    STATEMENTS = 3


@dataclass(frozen=True)
class AnnouncedKey:
    """A key's role and the tree sizes that it speaks for, both ends included."""

    role: KeyRole
    from_size: int
    until_size: int | None

    def ends_by(self, size: int) -> bool:
        """Whether it speaks for no larger tree than this."""
        return self.until_size is not None and self.until_size <= size


class _Contract:
    def __init__(self, chain: JsonRpcChain, address: str, name: str) -> None:
        self.chain = chain
        self.contract = address
        self._artefact = load_artefact(name)
        self.is_gone = False
        """Whether a view found no code: a re-organisation took the creation, or the node is new."""

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

    def is_outbid(self, raw: bytes) -> bool:
        return self.chain.is_outbid(raw)

    def status(self, transaction_hash: str) -> TransactionStatus:
        return self.chain.status(transaction_hash)

    def _read(self, function: str, *values: Any) -> tuple[Any, ...]:
        abi = _function(self._artefact, function)
        answer = self.chain.call(self.contract, call_data(self._artefact, function, *values))
        self.is_gone = not answer
        return self._decoded(abi, answer)

    def _decoded(self, abi: Any, answer: bytes) -> tuple[Any, ...]:
        try:
            return decode(_types(abi["outputs"]), answer)
        except DecodingError as error:
            reason = (
                f"{abi['name']} gives no {self._artefact.contract}'s answer: {type(error).__name__}"
            )
            raise ChainUnavailable(reason) from error

    def _read_final(self, function: str, *values: Any) -> tuple[Any, ...]:
        """What the newest final block holds: zeros before its contract, as the contract itself."""
        abi = _function(self._artefact, function)
        block, data = self.chain.final_block(), call_data(self._artefact, function, *values)
        answer = b"" if block is None else self.chain.call(self.contract, data, block=block)
        return self._decoded(abi, answer or bytes(_WORD * len(abi["outputs"])))

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
        """What the newest block records of a licence, by its id on chain."""
        number = self._read("licence", licence)[0]
        return ask(lambda: LicenceStanding(number))

    def final_standing(self, licence: bytes) -> LicenceStanding:
        """What the newest final block records of it."""
        number = self._read_final("licence", licence)[0]
        return ask(lambda: LicenceStanding(number))

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


class JsonRpcSettlementRegistry(_Contract):
    """The settlement registry at an address."""

    def __init__(self, chain: JsonRpcChain, address: str) -> None:
        super().__init__(chain, address, SETTLEMENT_REGISTRY)

    def root_of(self, statement: bytes) -> bytes | None:
        """The root of a statement on the newest block, by its id on chain, or None."""
        (root,) = self._read("root_of", statement)
        return bytes(root) if any(root) else None

    def final_root_of(self, statement: bytes) -> bytes | None:
        """The root of a statement on the newest final block, or None."""
        (root,) = self._read_final("root_of", statement)
        return bytes(root) if any(root) else None

    def sign_records(self, statements: Sequence[StatementRoot], nonce: int) -> SignedTransaction:
        """A signed, unsent transaction that records 1 to 50 statements, all or none."""
        assert 1 <= len(statements) <= BATCH_MAX, "a batch holds 1 to 50 statements"
        rows = [(each.id, each.root) for each in statements]
        if len(rows) == 1:
            return self._sign(_RECORD_GAS, nonce, "record", *rows[0])
        gas = _RECORD_GAS + _RECORD_IN_BATCH_GAS * len(rows)
        return self._sign(gas, nonce, "record_batch", rows)


class JsonRpcKeyRegistry(_Contract):
    """The key registry at an address."""

    def __init__(self, chain: JsonRpcChain, address: str) -> None:
        super().__init__(chain, address, KEY_REGISTRY)

    def key(self, origin: bytes, public_key: bytes) -> AnnouncedKey | None:
        """What the newest block says of a key of the log whose origin has this SHA-256, or None."""
        return _announced(*self._read("key", origin, public_key))

    def final_key(self, origin: bytes, public_key: bytes) -> AnnouncedKey | None:
        """What the newest final block says of it, or None."""
        return _announced(*self._read_final("key", origin, public_key))

    def sign_announcement(
        self, origin: bytes, public_key: bytes, *, role: KeyRole, from_size: int, nonce: int
    ) -> SignedTransaction:
        """A signed, unsent announcement of a key."""
        return self._sign(_KEY_GAS, nonce, "announce", origin, public_key, int(role), from_size)

    def sign_retirement(
        self, origin: bytes, public_key: bytes, *, until_size: int, nonce: int
    ) -> SignedTransaction:
        """A signed, unsent retirement; the end of a key only moves back."""
        return self._sign(_KEY_GAS, nonce, "retire", origin, public_key, until_size)


def _announced(role: int, from_size: int, until_size: int) -> AnnouncedKey | None:
    if role == 0:
        return None
    end = None if until_size == OPEN_END else until_size
    return AnnouncedKey(ask(lambda: KeyRole(role)), from_size, end)


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
