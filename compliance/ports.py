"""What compliance needs from outside."""

from dataclasses import dataclass
from typing import Any, Protocol


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
