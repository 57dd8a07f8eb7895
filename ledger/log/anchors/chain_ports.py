"""What the anchorer asks of a chain; every type here is met by shape, not by inheritance."""

from collections.abc import Sequence
from typing import Protocol


class ChainFacts(Protocol):
    """What a chain says of itself."""

    @property
    def chain_id(self) -> int:
        """The chain's number (EIP-155)."""
        ...

    @property
    def genesis_hash(self) -> str:
        """The hash of block 0; tells a chain from another one of the same number."""
        ...

    @property
    def client_version(self) -> str:
        """The node's own name for itself."""
        ...

    @property
    def finality(self) -> str:
        """``instant``, ``confirmations:n`` or ``tag:…``."""
        ...

    @property
    def has_independent_validators(self) -> bool:
        """Whether anybody but the exchange decides which blocks are valid."""
        ...


class ContractHead(Protocol):
    """The newest head that the contract keeps; size 0 before the first anchor."""

    @property
    def size(self) -> int:
        """Leaves."""
        ...

    @property
    def root(self) -> bytes:
        """32 bytes."""
        ...


class SignedTransaction(Protocol):
    """Bytes ready to be sent."""

    @property
    def raw(self) -> bytes:
        """The whole signed transaction."""
        ...

    @property
    def transaction_hash(self) -> str:
        """``0x`` and 64 digits."""
        ...

    @property
    def nonce(self) -> int:
        """The account's counter that it uses up."""
        ...


class TransactionStatus(Protocol):
    """What the node knows of a transaction."""

    @property
    def state(self) -> str:
        """``unknown``, ``pending``, ``mined``, ``final`` or ``reverted``."""
        ...

    @property
    def block_number(self) -> int | None:
        """The block's height once mined."""
        ...

    @property
    def block_hash(self) -> str | None:
        """The block's hash once mined."""
        ...


class AnchorRegistry(Protocol):
    """The anchor contract through the anchorer's account.

    Raises a `CounterfoilError` of kind UNAVAILABLE when the node does not answer, and of kind
    BAD_GATEWAY when node or contract refuse.
    """

    contract: str

    @property
    def facts(self) -> ChainFacts:
        """What the chain says of itself."""
        ...

    def head(self) -> ContractHead:
        """The newest head on the newest block."""
        ...

    def mined_nonce(self) -> int:
        """The number of the account's transactions that are in blocks."""
        ...

    def sign_anchor(
        self, *, size: int, root: bytes, proof: Sequence[bytes], nonce: int
    ) -> SignedTransaction:
        """A signed, unsent anchor; ``proof`` leads from the contract's head (RFC 9162)."""
        ...

    def send(self, raw: bytes) -> None:
        """Send a signed transaction; sending it twice is no error."""
        ...

    def is_outbid(self, raw: bytes) -> bool:
        """Whether gas costs so much more by now that a node would replace the transaction."""
        ...

    def status(self, transaction_hash: str) -> TransactionStatus:
        """What the node knows of a transaction."""
        ...
