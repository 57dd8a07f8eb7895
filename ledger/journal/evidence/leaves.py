"""The log's leaves as the books read them: lanes, calls, and proofs for those outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.canonical import base64_text


@dataclass(frozen=True)
class LaneLeaf:
    """One leaf of a meter lane, with the lane's running totals at that leaf."""

    n: int
    total_units: int
    total_amount: int
    leaf_hash: str
    entry: bytes


@dataclass(frozen=True)
class LaneSpan:
    """What a lane did in a period: everything after ``opening`` up to and including ``closing``."""

    lane: int
    opening: LaneLeaf
    closing: LaneLeaf
    carried_calls: int = 0
    """Calls from before the period that were committed after the invoice of their own."""

    @property
    def units(self) -> int:
        """Units of the calls in between."""
        return self.closing.total_units - self.opening.total_units

    @property
    def amount(self) -> int:
        """Money of the calls in between, in 10⁻⁸ units."""
        return self.closing.total_amount - self.opening.total_amount


@dataclass(frozen=True)
class LaneCount:
    """What the leaves of a lane add up to, one by one."""

    calls: int
    units: int
    amount: int


@dataclass(frozen=True)
class ProvenLeaf:
    """A leaf's bytes, its zero-based index and the path to the checkpoint's root.

    ``origin`` names an earlier shard of the log, under whose last checkpoint the leaf stands.
    """

    entry: bytes
    index: int
    path: tuple[bytes, ...]
    origin: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """As evidence carries it, in base64."""
        proof = {
            "entry": base64_text(self.entry),
            "index": self.index,
            "path": [base64_text(node) for node in self.path],
        }
        return {**proof, "origin": self.origin} if self.origin else proof


@dataclass(frozen=True)
class LedgerProofs:
    """A checkpoint and the proofs of leaves under it, by leaf hash.

    ``predecessors`` lead to the heads of earlier shards, where leaves stand in them.
    """

    checkpoint: str
    leaves: Mapping[str, ProvenLeaf]
    predecessors: tuple[dict[str, Any], ...] = ()

    @property
    def heads(self) -> dict[str, Any]:
        """The members of evidence that say under which heads its leaves stand."""
        heads: dict[str, Any] = {"checkpoint": self.checkpoint}
        return {**heads, "predecessors": list(self.predecessors)} if self.predecessors else heads


class LeafMissing(LookupError):
    """The log has no leaf of that number in the lane."""

    def __init__(self, lane: int, n: int) -> None:
        super().__init__(f"the log has no leaf {n} of lane {lane}")


@dataclass(frozen=True)
class LoggedCall:
    """A call as its leaf states it; amounts in 10⁻⁸ units."""

    lane: int
    n: int
    units: int
    amount: int
    total_amount: int
    currency: str
    outcome: str
    at: datetime
    leaf_hash: str

    @property
    def total_amount_before(self) -> int:
        """The lane's running total before the call."""
        return self.total_amount - self.amount

    @property
    def reference(self) -> str:
        """How credits and disputes name the call within its licence."""
        return call_reference(self.lane, self.n)


def call_reference(lane: int, n: int) -> str:
    """``lane:n``, the name of a call within its licence."""
    return f"{lane}:{n}"


def call_place(reference: str) -> tuple[int, int]:
    """Lane and n of a call's name."""
    lane, n = map(int, reference.split(":"))
    return lane, n
