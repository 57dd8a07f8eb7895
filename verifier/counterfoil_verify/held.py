"""Receipts that a buyer holds, together: lanes without gaps, and what they say against a bill."""

from collections.abc import Iterable
from itertools import groupby, pairwise
from operator import attrgetter
from typing import NamedTuple

from counterfoil_verify.errors import require
from counterfoil_verify.leaves import LanePoint
from counterfoil_verify.money.invoices import InvoiceEvidence
from counterfoil_verify.receipts import UsageReceipt

SKEW_MAX = 60_000_000
"""Microseconds by which two clocks of one exchange may differ."""


class Gap(NamedTuple):
    """Numbers of a lane, both ends included, of which the vault holds no receipt."""

    lane: int
    first: int
    last: int


class HeldReceipt(NamedTuple):
    """What the checks across receipts need of one verified receipt, and no more."""

    point: LanePoint
    units: int
    amount: int
    leaf: bytes
    previous: bytes
    due_at: int

    @property
    def name(self) -> str:
        """Licence, lane and number."""
        return f"{self.point.licence}-{self.point.lane}-{self.point.n}"

    @property
    def place(self) -> tuple[str, int, int]:
        """What no two different leaves may share."""
        return (self.point.licence, self.point.lane, self.point.n)

    def contradicts(self, evidence: InvoiceEvidence) -> str:
        """Why this receipt and the invoice cannot both be true; empty when they can.

        A call whose leaf was not yet due when the invoice was issued may be on the next one. What
        the invoice itself says counts, and what is proven; how they are put together is unsigned.
        """
        invoice, point = evidence.invoice, self.point
        if point.licence != invoice.licence:
            return ""
        is_owed = invoice.covers(point.at) and self.due_at <= invoice.issued_at
        if not evidence.leaves_at.get(self.place, set()) <= {self.leaf}:
            return f"the log has another leaf for number {point.n}"
        closing_n = evidence.signed_ends.get(point.lane)
        if closing_n is None:
            return "its lane is not in the invoice" if is_owed else ""
        if point.n > closing_n and is_owed:
            return f"its number is above the closing number {closing_n}"
        return ""

    def fault_after(self, earlier: "HeldReceipt") -> str:
        """Why this receipt cannot directly follow the earlier one; empty when it can."""
        ours, theirs = self.point, earlier.point
        if ours.n != theirs.n + 1:
            return f"{theirs.n} is followed by {ours.n}"
        if self.previous != earlier.leaf:
            return f"{ours.n} does not name its predecessor"
        if ours.currency != theirs.currency:
            return f"{ours.n} changes the currency"
        units, amount = theirs.total_units + self.units, theirs.total_amount + self.amount
        if (ours.total_units, ours.total_amount) != (units, amount):
            return f"the totals of {ours.n} do not add up"
        return ""


def hold(receipt: UsageReceipt) -> HeldReceipt:
    """A receipt reduced to what is compared across receipts."""
    call = receipt.call
    return HeldReceipt(
        point=call.point,
        units=call.units,
        amount=call.amount,
        leaf=call.leaf.hash,
        previous=call.previous,
        due_at=receipt.promise.due_at,
    )


def check_waiting(receipts: Iterable[HeldReceipt], made_at: int, step: str) -> None:
    """Reject where a receipt without proof is due, or of a call behind the time of the making.

    Both times are the exchange's own words: one that is put back must not excuse every proof.
    """
    for receipt in receipts:
        later = f"the bundle says that it was made before the call of {receipt.name}"
        require(receipt.point.at <= made_at + SKEW_MAX, step, later)
        is_due = receipt.due_at <= made_at
        require(not is_due, step, f"no proof for {receipt.name}, whose leaf is due")


def check_lanes(receipts: Iterable[HeldReceipt], step: str) -> int:
    """How many lanes the receipts form; Rejected where one lane has a gap or a wrong total."""
    ordered = sorted(receipts, key=attrgetter("place"))
    count = 0
    for (licence, lane), group in groupby(ordered, key=lambda receipt: receipt.place[:2]):
        count += 1
        _check_lane(f"lane {lane} of {licence}", list(group), step)
    return count


def _check_lane(name: str, receipts: list[HeldReceipt], step: str) -> None:
    first = receipts[0]
    starts_right = first.point.n > 1 or (
        (first.point.total_units, first.point.total_amount) == (first.units, first.amount)
    )
    require(starts_right, step, f"{name}: the totals of 1 do not start at zero")
    for earlier, later in pairwise(receipts):
        fault = later.fault_after(earlier)
        require(not fault, step, f"{name}: {fault}")
