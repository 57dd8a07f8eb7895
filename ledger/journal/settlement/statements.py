"""Settlement as pure functions: which month is due, what a range comes to, its statement.

A statement says: opening + what the range brought = settled + carried. Settled amounts are whole
minor units at or above the minimum; the rest, and a balance below zero, is carried to the next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.exchange_calendar import month_start
from app.core.ids import OrganisationId
from app.core.money import MINOR
from ledger.journal.ids import RunId, SettlementId
from ledger.journal.settlement.sum_tree import SALT_BYTES, Row, Sums, SumTree
from ledger.journal.supplier_statements.earnings import CATEGORIES

FORMAT = "counterfoil-supplier-statement/1"

SIGNATURE_DOMAIN = b"counterfoil/supplier-statement/v1\x00"

RETURNED_TEMPLATES = ("payout_failed", "payout_returned", "payout_part_returned")
"""Payouts that came back belong to no licence."""

RETURNED_AT_FIRST = ("payout_failed", "payout_returned")
"""Until 29 November 2026 a part that came back stood in a row of no licence, under ``other``."""

MOVES_OUT = "settle"
"""The settlement's own posting: what it takes out is in the statement before, not in the next."""


@dataclass(frozen=True)
class StatementLine:
    """What one licence (or order without one) brought, by category, in 10⁻⁸ units.

    ``commission`` and ``tax`` were taken beside it, and are told to the licence's own supplier.
    ``charged`` and ``credited`` are the bookings with both, up and down: to the buyer of a licence
    of one supplier what it paid and was given back. Neither is below zero.
    """

    subject: str
    listing_code: str | None
    amounts: Mapping[str, int] = field(default_factory=dict)
    commission_amount: int = 0
    tax_amount: int = 0
    charged_amount: int = 0
    credited_amount: int = 0

    @property
    def amount(self) -> int:
        """The supplier's own part, all categories."""
        return sum(self.amounts.values())


@dataclass(frozen=True)
class StatementFacts:
    """Everything that a statement is made of; the same facts give the same bytes."""

    settlement_id: SettlementId
    run_id: RunId
    supplier_id: OrganisationId
    currency: str
    n: int
    from_at: datetime
    until_at: datetime
    from_posting_id: int
    until_posting_id: int
    opening_amount: int
    returned_amount: int
    minimum_amount: int
    lines: Sequence[StatementLine]
    settled_at: datetime
    salts: Mapping[str, bytes] = field(default_factory=dict)
    """A salt for each line's subject; without any the statement has no tree."""

    @property
    def tree(self) -> SumTree | None:
        """The tree over the lines; None without lines, or for a statement from before trees.

        Units are 0: the books count money, and an invoice proves units.
        """
        if not self.salts or not self.lines:
            return None
        return SumTree(
            Row(
                line.subject,
                # A line that had no salt belongs to other books: it gives another root.
                self.salts.get(line.subject, bytes(SALT_BYTES)),
                Sums(charged=line.charged_amount, credited=line.credited_amount),
            )
            for line in self.lines
        )

    @property
    def period_amount(self) -> int:
        """Everything that the range of postings brought or took."""
        return self.returned_amount + sum(line.amount for line in self.lines)

    @property
    def settled_amount(self) -> int:
        """What is fixed to be paid out, in whole minor units."""
        return payable_whole(self.opening_amount + self.period_amount, self.minimum_amount)

    @property
    def carried_amount(self) -> int:
        """What stays for the next settlement; negative when the supplier owes it."""
        return self.opening_amount + self.period_amount - self.settled_amount


def statement_document(facts: StatementFacts) -> dict[str, Any]:
    """The statement as a JSON value; amounts are whole numbers of 10⁻⁸ units in text."""
    tree = facts.tree
    return {
        "format": FORMAT,
        **({} if tree is None else {"tree": _tree(tree)}),
        "settlement": facts.settlement_id,
        "run": facts.run_id,
        "supplier": facts.supplier_id,
        "currency": facts.currency,
        "n": facts.n,
        "period": {"from": iso_instant(facts.from_at), "until": iso_instant(facts.until_at)},
        "postings": {"after": facts.from_posting_id, "through": facts.until_posting_id},
        "opening_amount": str(facts.opening_amount),
        "rows": [_row(line) for line in facts.lines],
        "returned_amount": str(facts.returned_amount),
        "period_amount": str(facts.period_amount),
        "minimum_amount": str(facts.minimum_amount),
        "settled_amount": str(facts.settled_amount),
        "carried_amount": str(facts.carried_amount),
        "settled_at": iso_instant(facts.settled_at),
    }


def signed_bytes(document: dict[str, Any]) -> bytes:
    """What the statement key signs."""
    return SIGNATURE_DOMAIN + canonical_bytes(document)


def month_before(start: datetime) -> datetime:
    """The start of the month before the one that starts at ``start``."""
    return month_start(start - timedelta(microseconds=1))


def _tree(tree: SumTree) -> dict[str, Any]:
    return {
        "root_hash": tree.root_hash.hex(),
        "row_count": len(tree.rows),
        "units": str(tree.totals.units),
        "charged_amount": str(tree.totals.charged),
        "credited_amount": str(tree.totals.credited),
    }


def _row(line: StatementLine) -> dict[str, Any]:
    columns = {f"{name}_amount": str(line.amounts.get(name, 0)) for name in CATEGORIES}
    return {
        "subject": line.subject,
        "listing": line.listing_code,
        **columns,
        "amount": str(line.amount),
        "commission_amount": str(line.commission_amount),
        "tax_amount": str(line.tax_amount),
    }


def payable_whole(amount: int, minimum: int) -> int:
    """What of a balance (10⁻⁸ units) is settled: whole minor units, nothing below the minimum.

    The fraction of a minor unit stays in the payable, and so does a balance below zero.
    """
    whole = max(amount, 0) // MINOR * MINOR
    return whole if whole >= minimum else 0
