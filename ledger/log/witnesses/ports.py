"""What the log needs to reach a witness; satisfied by shape."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class WitnessAnswer:
    """Status and body, as they came."""

    status: int
    body: bytes


class WitnessUnreachable(Exception):
    """No answer came: refused, timed out, or not HTTP; the text is a short reason."""


class WitnessClient(Protocol):
    """Asks witnesses."""

    def add_checkpoint(self, url: str, body: bytes) -> WitnessAnswer:
        """One answer within bounded time and size; raises `WitnessUnreachable`."""
        ...
