"""What the log asks of others: a memory outside the database, and evidence of other rooms."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session


class CheckpointKeeper(Protocol):
    """Remembers the newest checkpoint outside the database, so a restored backup is noticed."""

    def newest(self, origin: str) -> str | None:
        """The newest checkpoint note kept for the origin."""
        ...

    def keep(self, origin: str, text: str) -> None:
        """Keep a signed checkpoint durably before anybody is shown it."""
        ...


class NoKeeper:
    """Keeps nothing; the database and the chain are then the only memories."""

    def newest(self, origin: str) -> str | None:  # noqa: ARG002 -- the port's shape
        """Nothing was kept."""
        return None

    def keep(self, origin: str, text: str) -> None:
        """Keep nothing."""


class ReceiptSource(Protocol):
    """The usage receipts of a licence, as the data plane gave them out."""

    def receipts(self, session: Session, licence_id: str, limit: int) -> Iterable[dict[str, Any]]:
        """Receipts in format counterfoil-usage-receipt/1, at most ``limit``, oldest first."""
        ...


class SignedRequestSource(Protocol):
    """What the buyer of a licence signed for its calls."""

    def signed_requests(
        self, session: Session, licence_id: str, limit: int
    ) -> Iterable[tuple[int, int, bytes]]:
        """Lane, number and canonical counterfoil-signed-request/1, at most ``limit``."""
        ...


class InvoiceSource(Protocol):
    """The invoice evidence of a licence."""

    def invoices(self, session: Session, licence_id: str, limit: int) -> Iterable[dict[str, Any]]:
        """Evidence in format counterfoil-invoice-evidence/1, at most ``limit``, oldest first."""
        ...


class AnchorSource(Protocol):
    """Where the log's heads stand on chain."""

    def anchors(self, session: Session, origin: str, limit: int) -> Iterable[dict[str, Any]]:
        """A shard's anchors: chain, contract, size, root, transaction, block; newest first."""
        ...

    def trust(self, session: Session) -> str:
        """In plain words, what the anchors are worth; the status page shows it."""
        ...


@dataclass(frozen=True)
class EvidenceSources:
    """Where evidence that the log does not keep itself comes from, wired once by the factory."""

    receipts: ReceiptSource
    invoices: InvoiceSource
    anchors: AnchorSource
    signed: SignedRequestSource


@dataclass(frozen=True)
class EntryTypes:
    """Every type that an entry can have; which facts are recorded is not the log's to say."""

    names: frozenset[str]
