"""One account on one EVM chain, reached over JSON-RPC by web3.

Transactions are signed here and returned before they are sent, so that the caller can store them
first: whoever crashes between storing and sending sends the same bytes again.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import requests
import rlp
from eth_account import Account
from web3 import HTTPProvider, Web3
from web3.middleware import ExtraDataToPOAMiddleware

from contracts.answers import BoundedAdapter, read_receipt, spelled
from contracts.asking import Missing, ask
from contracts.errors import (
    ChainRefused,
    ChainUnavailable,
    FinalityUnknown,
    GasPriceTooHigh,
    WrongChain,
)
from contracts.finality import Finality
from contracts.limits import ChainLimits, counted

TIMEOUT_SECONDS = 10
DEFAULT_LIMITS = ChainLimits()
EMBEDDED_MARK = "integrity only"
"""Part of the embedded chain's client version: it has no independent validators."""
_GAS_PRICE_PLACE = 1
"""Of a legacy transaction's fields (EIP-155): nonce, gas price, …"""
_ABOUT_ANOTHER = "it answered about another transaction"
_ALREADY_SENT = ("already known", "already imported", "known transaction")


class TransactionState(StrEnum):
    """What the node knows of a transaction."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    MINED = "mined"
    FINAL = "final"
    REVERTED = "reverted"


@dataclass(frozen=True)
class TransactionStatus:
    """A transaction's state and, once mined, its block."""

    state: TransactionState
    block_number: int | None = None
    block_hash: str | None = None
    gas_used: int | None = None


@dataclass(frozen=True)
class SignedTransaction:
    """Bytes ready to be sent, with what identifies them."""

    raw: bytes
    transaction_hash: str
    nonce: int


@dataclass(frozen=True)
class ChainFacts:
    """What a chain says of itself."""

    chain_id: int
    genesis_hash: str
    client_version: str
    finality: str

    @property
    def has_independent_validators(self) -> bool:
        """False for the embedded chain; true is the claim of a configured chain, not a proof."""
        return EMBEDDED_MARK not in self.client_version


class JsonRpcChain:
    """A chain seen by one account; manages its own nonces and signs legacy (EIP-155) transactions.

    Every method raises `ChainUnavailable` when the node does not answer.
    """

    def __init__(
        self,
        url: str,
        account_key: bytes,
        finality: str = "instant",
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        limits: ChainLimits = DEFAULT_LIMITS,
    ) -> None:
        self._limits = limits
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment must not see the chain's calls
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, BoundedAdapter())
        provider = HTTPProvider(
            url,
            request_kwargs={"timeout": timeout_seconds},
            session=self._session,
            exception_retry_configuration=None,
        )
        self._web3 = Web3(provider)
        # Proof-of-authority chains (QBFT, Clique) carry more than 32 bytes of extra data.
        self._web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
        self._account = Account.from_key(account_key)
        self._finality = Finality.parse(finality)
        self._facts: ChainFacts | None = None

    def close(self) -> None:
        """Release the connection."""
        self._session.close()

    @property
    def account(self) -> str:
        """The checksummed address that signs."""
        return str(self._account.address)

    @property
    def facts(self) -> ChainFacts:
        """The chain's facts, read once; raises `FinalityUnknown` when the tag is not offered."""
        if self._facts is None:
            self._facts = self._probe()
        return self._facts

    def _probe(self) -> ChainFacts:
        eth = self._web3.eth
        facts = ChainFacts(
            chain_id=self._chain_id(),
            genesis_hash=ask(lambda: spelled(eth.get_block(0)["hash"])),
            client_version=str(ask(lambda: self._web3.client_version)),
            finality=self._finality.text,
        )
        if self._finality.tag and self._tagged_number() is None:
            raise FinalityUnknown(self._finality.text)
        return facts

    def _chain_id(self) -> int:
        said = counted(ask(lambda: self._web3.eth.chain_id), "the chain's id")
        meant = self._limits.chain_id
        if meant is not None and said != meant:
            raise WrongChain(said=said, configured=meant)
        return said

    # Reading

    def call(self, address: str, data: bytes, *, block: int | None = None) -> bytes:
        """The return data of a view on a block, or the newest; raises `ChainRefused`."""
        call: Any = {"to": _checksummed(address), "data": data, "from": self.account}
        at: Any = "latest" if block is None else block
        return bytes(ask(lambda: self._web3.eth.call(call, at)))

    def code_at(self, address: str) -> bytes:
        """The code at an address, empty when there is none."""
        return bytes(ask(lambda: self._web3.eth.get_code(_checksummed(address))))

    def block_number(self) -> int:
        """The newest block's number."""
        return counted(ask(lambda: self._web3.eth.block_number), "the newest block")

    def final_block(self) -> int | None:
        """The newest final block's number; None while none is."""
        tagged = self._tagged_number() if self._finality.tag else None
        return self._finality.final_number(newest=self.block_number(), tagged=tagged)

    def block_hash(self, number: int) -> str | None:
        """The hash of the block at a height, None above the head."""
        block_number: Any = number
        try:
            return ask(lambda: spelled(self._web3.eth.get_block(block_number)["hash"]))
        except Missing:
            return None

    def mined_nonce(self) -> int:
        """The number of this account's transactions that are in blocks."""
        eth = self._web3.eth
        count = ask(lambda: eth.get_transaction_count(self._account.address, "latest"))
        return counted(count, "the nonce")

    def next_nonce(self) -> int:
        """The nonce after everything that the node knows of this account."""
        eth = self._web3.eth
        count = ask(lambda: eth.get_transaction_count(self._account.address, "pending"))
        return counted(count, "the nonce")

    # Writing

    def sign(self, *, to: str | None, data: bytes, gas: int, nonce: int) -> SignedTransaction:
        """A signed transaction that is not sent yet; ``to`` is None to create a contract."""
        fields: dict[str, Any] = {
            "nonce": nonce,
            "gas": gas,
            "gasPrice": self._gas_price(),
            "chainId": self.facts.chain_id,
            "value": 0,
            "data": data,
        }
        if to is not None:
            fields["to"] = _checksummed(to)
        signed = self._account.sign_transaction(fields)
        return SignedTransaction(bytes(signed.raw_transaction), spelled(signed.hash), nonce)

    def _gas_price(self) -> int:
        asked, most = ask(lambda: int(self._web3.eth.gas_price)), self._limits.gas_price_max
        if not 0 <= asked <= most:
            raise GasPriceTooHigh(asked=asked, most=most)
        return asked

    def is_outbid(self, raw: bytes) -> bool:
        """Whether the price is an eighth above what these bytes offer: enough to replace them.

        Nodes ask for a tenth (go-ethereum, Besu). Raises `GasPriceTooHigh`.
        """
        offered = int.from_bytes(rlp.decode(raw)[_GAS_PRICE_PLACE])
        return 8 * self._gas_price() >= 9 * offered + 1

    def send(self, raw: bytes) -> None:
        """Send a signed transaction; sending it twice is no error. Raises `ChainRefused`."""
        try:
            ask(lambda: self._web3.eth.send_raw_transaction(raw))
        except ChainRefused as refusal:
            if not any(each in refusal.reason.lower() for each in _ALREADY_SENT):
                raise

    def status(self, transaction_hash: str) -> TransactionStatus:
        """What the node knows of a transaction; a block that left the chain does not count."""
        hash_value: Any = transaction_hash
        try:
            answer: Any = ask(lambda: self._web3.eth.get_transaction_receipt(hash_value))
        except Missing:
            return TransactionStatus(self._unmined_state(hash_value))
        receipt = ask(lambda: read_receipt(answer))
        if receipt.transaction_hash != transaction_hash:
            raise ChainUnavailable(_ABOUT_ANOTHER)
        if self.block_hash(receipt.block_number) != receipt.block_hash:
            return TransactionStatus(TransactionState.PENDING)
        state = self._mined_state(receipt.block_number, is_successful=receipt.is_successful)
        place = (receipt.block_number, receipt.block_hash)
        return TransactionStatus(state, *place, receipt.gas_used)

    def _unmined_state(self, transaction_hash: Any) -> TransactionState:
        try:
            ask(lambda: self._web3.eth.get_transaction(transaction_hash))
        except Missing:
            return TransactionState.UNKNOWN
        return TransactionState.PENDING

    def _mined_state(self, number: int, *, is_successful: bool) -> TransactionState:
        if not is_successful:
            return TransactionState.REVERTED
        final = self.final_block()
        is_final = final is not None and number <= final
        return TransactionState.FINAL if is_final else TransactionState.MINED

    def _tagged_number(self) -> int | None:
        tag: Any = self._finality.tag
        try:
            block = ask(lambda: self._web3.eth.get_block(tag))
            return counted(ask(lambda: block["number"]), "the tagged block")
        except (Missing, ChainRefused):
            return None


def _checksummed(address: str) -> Any:
    return Web3.to_checksum_address(address)
