"""Which booked charges a licence's next invoice states, and which it stated."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from app.core.ids import InvoiceId
from ledger.journal.billing.invoices.documents import Charge, Credit
from ledger.journal.billing.invoices.models import InvoiceLine
from ledger.journal.books.chart import AccountKind, exchange_account, receivable_of, wallet_of
from ledger.journal.books.models import JournalTransaction, PostedLine
from ledger.journal.books.splits import shares
from ledger.journal.deferrals.models import Deferral
from ledger.journal.trading.models import LicenceParties

CALLS = "accrue_calls"
"""Calls are on the invoice by their lanes' leaves, not by their postings."""


@dataclass(frozen=True)
class Booked:
    """A journal transaction as far as a bill reads it; amounts as the buyer pays them."""

    transaction_id: int
    template: str
    reference: str
    amount: int
    posted_tax: int


def _order(booked: Booked) -> dict[str, str]:
    return {"order_id": booked.reference.partition(":")[0]}


def _period(booked: Booked) -> dict[str, str]:
    return {"period": booked.reference.rpartition(":")[2]}


def _reversed(booked: Booked) -> dict[str, str]:
    return {"of": booked.reference}


LINES: dict[str, tuple[str, Callable[[Booked], dict[str, str]]]] = {
    "charge_order": ("package", _order),
    "defer_order": ("yearly_package", _order),
    "refund_deferred": ("refund", _order),
    "charge_period": ("period_fee", _period),
    "charge_minimum": ("minimum_commitment", _period),
    "true_up": ("true_up", _period),
    "reverse": ("reversal", _reversed),
}
"""Template -> the kind of its line on a bill, and what the line names."""

CREDIT = "credit"
_TEMPLATES = (*LINES, CREDIT)


@dataclass(frozen=True)
class Stated:
    """What an invoice states besides calls, and the journal transactions that it rests on."""

    charges: Sequence[Charge]
    credits: Sequence[Credit]
    transaction_ids: Sequence[int]


def unbilled(session: Session, parties: LicenceParties, until_at: datetime) -> Stated:
    """Charges of the licence and its order before ``until_at`` that no invoice states yet.

    However late a charge was committed, the first invoice after it states it.
    """
    is_billed = exists().where(InvoiceLine.transaction_id == JournalTransaction.transaction_id)
    wanted = (JournalTransaction.occurred_at < until_at) & ~is_billed
    return _stated(session, parties, _read(session, parties, wanted))


def billed(session: Session, parties: LicenceParties, invoice_id: InvoiceId) -> Stated:
    """Exactly the charges that an invoice states, in the same order."""
    is_on_it = exists().where(
        InvoiceLine.transaction_id == JournalTransaction.transaction_id,
        InvoiceLine.invoice_id == invoice_id,
    )
    return _stated(session, parties, _read(session, parties, is_on_it))


def _read(
    session: Session, parties: LicenceParties, wanted: ColumnElement[bool]
) -> Iterable[Booked]:
    paying = (
        wallet_of(parties.buyer_id, parties.currency),
        receivable_of(parties.buyer_id, parties.currency),
    )
    tax = exchange_account(AccountKind.TAX, parties.currency)
    amount = func.sum(PostedLine.amount).filter(PostedLine.account_id.in_(paying))
    posted_tax = func.sum(PostedLine.amount).filter(PostedLine.account_id == tax)
    # Two branches, because each has an index of its own; a licence's calls are in neither.
    own = [
        JournalTransaction.licence_id == parties.licence_id,
        (JournalTransaction.order_id == parties.order_id) & JournalTransaction.licence_id.is_(None),
    ]
    statement = (
        select(
            JournalTransaction.transaction_id,
            JournalTransaction.template,
            JournalTransaction.reference,
            func.coalesce(-amount, 0).label("amount"),
            func.coalesce(posted_tax, 0).label("posted_tax"),
        )
        .join(PostedLine, PostedLine.transaction_id == JournalTransaction.transaction_id)
        .where(
            JournalTransaction.template != CALLS,
            JournalTransaction.template.in_(_TEMPLATES),
            wanted,
        )
        .group_by(JournalTransaction.transaction_id)
    )
    rows = [row for which in own for row in session.execute(statement.where(which))]
    return [
        Booked(
            row.transaction_id, row.template, row.reference, int(row.amount), int(row.posted_tax)
        )
        for row in sorted(rows, key=lambda row: row.transaction_id)
    ]


def _stated(session: Session, parties: LicenceParties, booked: Iterable[Booked]) -> Stated:
    charges, notes, transaction_ids = [], [], []
    for each in booked:
        transaction_ids.append(each.transaction_id)
        if each.template == CREDIT:
            notes.append(Credit(each.reference, -each.amount))
        else:
            kind, names = LINES[each.template]
            tax = _tax(session, parties, each)
            charges.append(Charge(kind, names(each), each.amount, tax))
    return Stated(charges, notes, transaction_ids)


def _tax(session: Session, parties: LicenceParties, booked: Booked) -> int:
    """As posted; of a price that is earned day by day, as it will be when all of it is."""
    if parties.split is None or booked.template not in {"defer_order", "refund_deferred"}:
        return booked.posted_tax
    if booked.template == "defer_order":
        return shares(booked.amount, parties.split)["tax"]
    kept_before = _kept_before(session, parties, booked)
    kept = shares(kept_before + booked.amount, parties.split)["tax"]
    return kept - shares(kept_before, parties.split)["tax"]


def _kept_before(session: Session, parties: LicenceParties, refund: Booked) -> int:
    """What refunds before this one had left of a yearly price."""
    wallet = wallet_of(parties.buyer_id, parties.currency)
    refunded = (
        select(func.coalesce(func.sum(PostedLine.amount), 0))
        .join(JournalTransaction, JournalTransaction.transaction_id == PostedLine.transaction_id)
        .where(
            JournalTransaction.order_id == parties.order_id,
            JournalTransaction.template == refund.template,
            JournalTransaction.transaction_id < refund.transaction_id,
            PostedLine.account_id == wallet,
        )
    )
    price = session.get_one(Deferral, parties.order_id).price_amount
    return price - int(session.scalars(refunded).one())
