"""Which rows of a committed file are looked at: picked by a later public value, by nobody's choice.

The supplier posts the root of its rows first (RFC 6962 over `row_entry`). The seed is bound to that
commitment and to a checkpoint that was signed after it, so neither can be fitted to the other.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.canonical import canonical_bytes

SAMPLE_MAX = 400
"""381 rows without a fault are the fewest whose Wilson bound says 99 %."""
KEYS_MAX = 60
"""Keys of an interface that are drawn; each is called with twice."""
ROW_TOTAL_MAX = 10**9
_WORD = 8


@dataclass(frozen=True)
class Beacon:
    """A checkpoint of the log: what nobody could know when the rows were committed."""

    origin: str
    tree_size: int
    root_hash: str

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        return {"origin": self.origin, "tree_size": self.tree_size, "root_hash": self.root_hash}


def row_entry(row: Mapping[str, Any]) -> bytes:
    """The bytes of one row in the tree: canonical JSON, every value as text or null."""
    return canonical_bytes(
        {str(name): None if value is None else str(value) for name, value in row.items()}
    )


def draw_indexes(
    rows_root: str, row_total: int, beacon: Beacon, most: int = SAMPLE_MAX
) -> list[int]:
    """The distinct row numbers to reveal, ascending: all of few, else ``most`` of them."""
    if row_total <= most:
        return list(range(row_total))
    seed = canonical_bytes(
        {"format": "counterfoil-draw/1", "rows_root": rows_root, "row_total": row_total,
         **beacon.document()}
    )  # fmt: skip
    # Numbers at or above the limit are thrown away: a plain remainder favours the first rows.
    limit = 2 ** (8 * _WORD) // row_total * row_total
    found: set[int] = set()
    counter = 0
    while len(found) < most:
        digest = hashlib.sha256(seed + counter.to_bytes(_WORD)).digest()
        number = int.from_bytes(digest[:_WORD])
        if number < limit:
            found.add(number % row_total)
        counter += 1
    return sorted(found)
