"""The tree over a statement's rows: hashes of salted rows that carry sums, kept apart."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from counterfoil_verify import canonical
from counterfoil_verify.errors import require
from counterfoil_verify.fields import Record

ROW_DOMAIN = b"counterfoil/sum-row/v1\x00"
NODE_DOMAIN = b"counterfoil/sum-node/v1\x00"
ROOT_DOMAIN = b"counterfoil/sum-root/v1\x00"
SUM_BYTES = 16
COLUMNS = ("units", "charged", "credited")
SALT_BYTES = 32
ROWS_MAX = 2**32

Sums = tuple[int, int, int]
"""Units, charged and credited; each from 0 to 2^128 − 1, never netted."""


@dataclass(frozen=True)
class Node:
    """A hash and the sums below it."""

    digest: bytes
    sums: Sums


@dataclass(frozen=True)
class Row:
    """One row as it is hashed."""

    key: str
    sums: Sums
    record: Record

    @property
    def node(self) -> Node:
        """The lowest node of the row."""
        data = canonical.encode(dict(self.record.members))
        return Node(hashlib.sha256(ROW_DOMAIN + data).digest(), self.sums)


def read_row(record: Record) -> Row:
    """A row; Rejected unless its sums are written without a sign and its salt has 32 bytes."""
    record.only("row", "salt", *COLUMNS)
    record.hexadecimal("salt", SALT_BYTES)
    return Row(record.text("row"), read_sums(record), record)


def read_sums(record: Record, suffix: str = "") -> Sums:
    """The three columns of an object."""
    units, charged, credited = (
        record.amount(name if name == "units" else name + suffix) for name in COLUMNS
    )
    return units, charged, credited


def read_node(record: Record) -> Node:
    """A sibling of a path."""
    record.only("hash", *COLUMNS)
    return Node(record.hexadecimal("hash", 32), read_sums(record))


def add(left: Sums, right: Sums, step: str) -> Sums:
    """Column by column; Rejected when a sum leaves its 128 bits."""
    units, charged, credited = (ours + theirs for ours, theirs in zip(left, right, strict=True))
    fits = max(units, charged, credited) < 2 ** (8 * SUM_BYTES)
    require(fits, step, "a sum does not fit its 128 bits")
    return units, charged, credited


def join(left: Node, right: Node, step: str) -> Node:
    """The node above two: both hashes and both sums are hashed, not their total."""
    body = left.digest + _bytes(left.sums) + right.digest + _bytes(right.sums)
    return Node(hashlib.sha256(NODE_DOMAIN + body).digest(), add(left.sums, right.sums, step))


def root_hash(top: Node, row_count: int) -> bytes:
    """What is signed, logged and on chain: the number of rows, the top, and the totals."""
    body = row_count.to_bytes(8, "big") + top.digest + _bytes(top.sums)
    return hashlib.sha256(ROOT_DOMAIN + body).digest()


def top_of_rows(rows: Sequence[Row], step: str) -> Node:
    """The top over all rows, at least one, in the order of their hashes."""
    level = [row.node for row in rows]
    is_ordered = all(level[at].digest < level[at + 1].digest for at in range(len(level) - 1))
    require(level and is_ordered, step, "the rows do not stand in the order of their hashes")
    while len(level) > 1:
        joined = [join(level[at], level[at + 1], step) for at in range(0, len(level) - 1, 2)]
        level = joined + level[2 * len(joined) :]
    return level[0]


def top_of_path(
    row: Row, *, index: int, row_count: int, siblings: Sequence[Node], step: str
) -> Node:
    """The top that a row's path leads to; Rejected for a path of another form."""
    require(0 <= index < row_count <= ROWS_MAX, step, "the row's place is outside the rows")
    node, place, width, used = row.node, index, row_count, 0
    while width > 1:
        if place ^ 1 < width:
            require(used < len(siblings), step, "the path is too short")
            sibling = siblings[used]
            used += 1
            node = join(sibling, node, step) if place & 1 else join(node, sibling, step)
        place, width = place >> 1, (width + 1) >> 1
    require(used == len(siblings), step, "the path is too long")
    return node


def _bytes(sums: Sums) -> bytes:
    return b"".join(each.to_bytes(SUM_BYTES, "big") for each in sums)
