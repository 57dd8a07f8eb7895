"""What the reports need from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol


class RowTree(Protocol):
    """Checks a place in a tree of RFC 6962."""

    def leads_to(
        self, root: bytes, entry: bytes, *, index: int, size: int, path: Sequence[bytes]
    ) -> bool:
        """Whether the path leads from the entry at its index to the root of so many entries."""
        ...


@dataclass(frozen=True)
class RevealedRow:
    """One drawn row with its place in the committed tree."""

    index: int
    row: dict[str, Any]
    path: list[bytes]
