"""What the recorders need of a chain; every method raises `ChainUnavailable` while it is away."""

from collections.abc import Sequence
from typing import Protocol

from contracts.client import SignedTransaction, TransactionStatus
from contracts.registries import (
    AnnouncedKey,
    KeyRole,
    LicenceGrant,
    LicenceStanding,
    StatementRoot,
)


class ChainAccount(Protocol):
    """The account that a contract's role belongs to."""

    def next_nonce(self) -> int:
        """The account's next nonce."""
        ...

    def mined_nonce(self) -> int:
        """The number of the account's mined transactions."""
        ...

    def is_outbid(self, raw: bytes) -> bool:
        """Whether gas costs so much more by now that a node would replace the transaction."""
        ...

    def send(self, raw: bytes) -> None:
        """Send a signed transaction; raises `ChainRefused`."""
        ...

    def status(self, transaction_hash: str) -> TransactionStatus:
        """What the node knows of a transaction."""
        ...


class LicenceRegistry(ChainAccount, Protocol):
    """The licence registry through the registrar's account."""

    def standing(self, licence: bytes) -> LicenceStanding:
        """What the newest block records of a licence, by its id on chain."""
        ...

    def final_standing(self, licence: bytes) -> LicenceStanding:
        """What the newest final block records of it."""
        ...

    def sign_grants(self, grants: Sequence[LicenceGrant], nonce: int) -> SignedTransaction:
        """A signed, unsent grant of 1 to 50 licences."""
        ...

    def sign_revocation(self, licence: bytes, nonce: int) -> SignedTransaction:
        """A signed, unsent revocation."""
        ...


class SettlementRegistry(ChainAccount, Protocol):
    """The settlement registry through the registrar's account."""

    def root_of(self, statement: bytes) -> bytes | None:
        """The root of a statement on the newest block, by its id on chain."""
        ...

    def final_root_of(self, statement: bytes) -> bytes | None:
        """The root of a statement on the newest final block."""
        ...

    def sign_records(self, statements: Sequence[StatementRoot], nonce: int) -> SignedTransaction:
        """A signed, unsent record of 1 to 50 statements."""
        ...


class KeyRegistry(ChainAccount, Protocol):
    """The key registry through the administrator's account."""

    def key(self, origin: bytes, public_key: bytes) -> AnnouncedKey | None:
        """What the newest block says of a log's key."""
        ...

    def final_key(self, origin: bytes, public_key: bytes) -> AnnouncedKey | None:
        """What the newest final block says of it."""
        ...

    def sign_announcement(
        self, origin: bytes, public_key: bytes, *, role: KeyRole, from_size: int, nonce: int
    ) -> SignedTransaction:
        """A signed, unsent announcement."""
        ...

    def sign_retirement(
        self, origin: bytes, public_key: bytes, *, until_size: int, nonce: int
    ) -> SignedTransaction:
        """A signed, unsent retirement."""
        ...
