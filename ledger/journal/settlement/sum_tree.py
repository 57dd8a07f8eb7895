"""A tree whose root commits to rows of money and their sums: one row is shown without the others.

A supplier's statement has rows of many buyers. A buyer who is shown their row and its path knows
that it counts in the total, and learns nothing of other rows but subtotals next to the path; rows
are salted and stand in the order of their hashes, so that a place tells nothing either.

The rules that keep such a tree sound (Chalkias et al., "Distributed auditing proofs of
liabilities", and the break of trees that hash totals only, IACR ePrint 2018/1139): a node hashes
both children's sums separately, sums have a fixed width and are checked at every node, nothing is
negative (credits are a column of their own), the root names the number of rows, and the hashes are
kept apart from the log's by their own prefixes.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.core.canonical import canonical_bytes

SALT_BYTES = 32

SUM_BYTES = 16

ROWS_MAX = 2**32

_ROW = b"counterfoil/sum-row/v1\x00"

_NODE = b"counterfoil/sum-node/v1\x00"

_ROOT = b"counterfoil/sum-root/v1\x00"


class SumsUnfit(ValueError):
    """A sum is negative or does not fit its 128 bits, two rows share a key, or there are none."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What rows add up to: counted units, and money charged and credited (10⁻⁸), never netted."""

    units: int = 0
    charged: int = 0
    credited: int = 0

    def __post_init__(self) -> None:
        if not all(0 <= each < 2 ** (8 * SUM_BYTES) for each in self._columns):
            raise SumsUnfit

    def __add__(self, other: "Sums") -> "Sums":
        """Column by column."""
        pairs = zip(self._columns, other._columns, strict=True)
        return Sums(*(ours + theirs for ours, theirs in pairs))

    @property
    def _columns(self) -> tuple[int, int, int]:
        return self.units, self.charged, self.credited

    def to_bytes(self) -> bytes:
        """Three unsigned big-endian numbers of 128 bits."""
        return b"".join(each.to_bytes(SUM_BYTES, "big") for each in self._columns)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a statement; the salt (32 bytes) keeps its hash from being guessed."""

    key: str
    salt: bytes
    sums: Sums

    @property
    def document(self) -> dict[str, str | int]:
        """The row as it is hashed and shown."""
        return {
            "row": self.key,
            "salt": self.salt.hex(),
            "units": str(self.sums.units),
            "charged": str(self.sums.charged),
            "credited": str(self.sums.credited),
        }


class SumNode(NamedTuple):
    """A hash with what it stands for."""

    digest: bytes
    sums: Sums


@dataclass(frozen=True, slots=True)
class SumProof:
    """A row's place and the siblings from it up to the top."""

    index: int
    row_count: int
    siblings: tuple[SumNode, ...]


def row_node(row: Row) -> SumNode:
    """The lowest node of a row."""
    assert len(row.salt) == SALT_BYTES, "a row's salt has 32 bytes"
    return SumNode(hashlib.sha256(_ROW + canonical_bytes(row.document)).digest(), row.sums)


def join(left: SumNode, right: SumNode) -> SumNode:
    """The node above two nodes."""
    body = left.digest + left.sums.to_bytes() + right.digest + right.sums.to_bytes()
    return SumNode(hashlib.sha256(_NODE + body).digest(), left.sums + right.sums)


def root_hash(top: SumNode, row_count: int) -> bytes:
    """The commitment: the number of rows, the top's hash, and the totals."""
    body = row_count.to_bytes(8, "big") + top.digest + top.sums.to_bytes()
    return hashlib.sha256(_ROOT + body).digest()


class SumTree:
    """The tree over a statement's rows, at least one."""

    def __init__(self, rows: Iterable[Row]) -> None:
        ordered = sorted(((row_node(row), row) for row in rows), key=lambda pair: pair[0].digest)
        keys = {row.key for _, row in ordered}
        if not ordered or len(keys) != len(ordered):
            raise SumsUnfit
        self.rows = [row for _, row in ordered]
        self._levels = _levels([node for node, _ in ordered])

    @property
    def totals(self) -> Sums:
        """What all rows add up to."""
        return self._levels[-1][0].sums

    @property
    def root_hash(self) -> bytes:
        """The commitment to the rows and their totals."""
        return root_hash(self._levels[-1][0], len(self.rows))

    def prove(self, key: str) -> tuple[Row, SumProof]:
        """A row with its path; raises `KeyError` for a key that no row has."""
        index = next((place for place, row in enumerate(self.rows) if row.key == key), None)
        if index is None:
            raise KeyError(key)
        siblings, place = [], index
        for level in self._levels[:-1]:
            if place ^ 1 < len(level):
                siblings.append(level[place ^ 1])
            place >>= 1
        return self.rows[index], SumProof(index, len(self.rows), tuple(siblings))


def _levels(nodes: Sequence[SumNode]) -> list[list[SumNode]]:
    """Every level from the rows to the top; a node without neighbour moves up as it is."""
    levels = [list(nodes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        joined = [join(*below[at : at + 2]) for at in range(0, len(below) - 1, 2)]
        levels.append(joined + below[len(joined) * 2 :])
    return levels
