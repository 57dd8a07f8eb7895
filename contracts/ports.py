"""What the licence recorder needs of a chain."""

from collections.abc import Sequence
from typing import Protocol

from contracts.client import SignedTransaction, TransactionStatus
from contracts.registries import LicenceGrant, LicenceStanding


class LicenceRegistry(Protocol):
    """The licence registry through the registrar's account; raises `ChainUnavailable`."""

    def standing(self, licence: bytes) -> LicenceStanding:
        """What the newest block records of a licence, by its id on chain."""
        ...

    def sign_grants(self, grants: Sequence[LicenceGrant], nonce: int) -> SignedTransaction:
        """A signed, unsent grant of 1 to 50 licences."""
        ...

    def sign_revocation(self, licence: bytes, nonce: int) -> SignedTransaction:
        """A signed, unsent revocation."""
        ...

    def next_nonce(self) -> int:
        """The registrar's next nonce."""
        ...

    def mined_nonce(self) -> int:
        """The number of the registrar's mined transactions."""
        ...

    def send(self, raw: bytes) -> None:
        """Send a signed transaction; raises `ChainRefused`."""
        ...

    def status(self, transaction_hash: str) -> TransactionStatus:
        """What the node knows of a transaction."""
        ...
