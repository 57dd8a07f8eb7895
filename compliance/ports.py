"""What compliance needs from outside."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from app.core.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class ProbeResult:
    """Test calls made to an upstream: how many were answered, how many answers fit the schema."""

    calls_count: int
    answered_count: int
    fitting_count: int
    detail: str = ""


class UpstreamProbe(Protocol):
    """Calls a version's upstream with its own sample, before anybody can buy it."""

    def probe(self, *, version_id: str, dossier: dict[str, Any]) -> ProbeResult:
        """The result of a bounded number of test calls; a dead upstream is a result, no error."""
        ...


class SentDocuments(Protocol):
    """The documents that the exchange has, of those that evidence names by their hash."""

    def sent(self, uow: UnitOfWork, organisation_id: str, hashes: Iterable[str]) -> set[str]:
        """Those of the hashes (SHA-256, hexadecimal) whose document the organisation has sent."""
        ...

    def read(
        self, uow: UnitOfWork, organisation_id: str, document_hash: str
    ) -> tuple[str, str, bytes] | None:
        """Media type, file name and bytes of a document, if the organisation has sent it."""
        ...
