"""Which rows are looked at: drawn by a head of the log that came after the commitment."""

import hashlib
from dataclasses import dataclass

from counterfoil_verify import canonical
from counterfoil_verify.errors import require
from counterfoil_verify.fields import HASH_SIZE, Record
from counterfoil_verify.merkle import Head
from counterfoil_verify.quality.row_files import ROWS_MAX

FORMAT = "counterfoil-draw/1"
MOST = {"FILE": 400, "CALLS": 60}
"""How many rows of a file are drawn, and how many keys of an interface."""
_WORD = 8


@dataclass(frozen=True)
class Commitment:
    """What a supplier bound itself to, and the head that the draw was made from, if it was."""

    sample: str
    version: str
    attempt: int
    kind: str
    rows_root: bytes
    row_total: int
    declaration_hash: bytes
    origin: str
    head: Head | None

    @property
    def drawn(self) -> list[int]:
        """The row numbers to reveal, ascending: all of few, else as many as the kind asks for."""
        most = MOST[self.kind]
        if self.row_total <= most:
            return list(range(self.row_total))
        assert self.head is not None, "asked for only where there is one"
        seed = canonical.encode(
            {
                "format": FORMAT,
                "rows_root": self.rows_root.hex(),
                "row_total": self.row_total,
                "origin": self.origin,
                "tree_size": self.head.tree_size,
                "root_hash": self.head.root_hash.hex(),
            }
        )
        return _draw(seed, self.row_total, most)


def _draw(seed: bytes, total: int, most: int) -> list[int]:
    # A plain remainder would favour the first rows: numbers from the limit on are left out.
    limit = 2 ** (8 * _WORD) // total * total
    found: set[int] = set()
    counter = 0
    while len(found) < most:
        digest = hashlib.sha256(seed + counter.to_bytes(_WORD)).digest()
        number = int.from_bytes(digest[:_WORD])
        if number < limit:
            found.add(number % total)
        counter += 1
    return sorted(found)


def read_commitment(record: Record, *, sample: str, version: str) -> Commitment:
    """The members that a sample and a report's `commitment` share."""
    drawn_from = record.record("drawn_from") if record.members.get("drawn_from") else None
    total = record.whole("row_total")
    require(0 < total <= ROWS_MAX, record.step, f"not 1 to {ROWS_MAX:,} rows")
    kind = record.text("kind")
    require(kind in MOST, record.step, f"a sample of kind {kind[:40]!r}")
    return Commitment(
        sample=sample,
        version=version,
        attempt=record.whole("attempt"),
        kind=kind,
        rows_root=record.hexadecimal("rows_root", HASH_SIZE),
        row_total=total,
        declaration_hash=record.hexadecimal("declaration_hash", HASH_SIZE),
        origin="" if drawn_from is None else drawn_from.text("origin"),
        head=None if drawn_from is None else Head(
            drawn_from.whole("tree_size"), drawn_from.hexadecimal("root_hash", HASH_SIZE)
        ),
    )  # fmt: skip
