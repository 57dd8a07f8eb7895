"""Reads of credit lines' bills: one, all, those that are open, and how far they were chased."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, between, holding, matching, paginate
from ledger.journal.billing.credit_bills.errors import CreditBillNotFound
from ledger.journal.billing.credit_bills.models import (
    IS_OPEN,
    BillPayment,
    CreditBill,
    DunningStepTaken,
)
from ledger.journal.books.models import JournalTransaction, PostedLine


@dataclass(frozen=True)
class PaidBy:
    """A part of a bill (10⁻⁸ units) and the posting of the wallet that paid it."""

    posting_id: int
    template: str
    amount: int
    matched_at: datetime


def get_bill(session: Session, bill_id: str, organisation_id: OrganisationId | None) -> CreditBill:
    """The bill, of one organisation or of any in reach; raises `CreditBillNotFound`."""
    bill = session.get(CreditBill, bill_id)
    if bill is None or organisation_id not in {None, bill.organisation_id}:
        raise CreditBillNotFound(bill_id)
    return bill


def list_bills(
    session: Session,
    own: OrganisationId | None,
    *,
    at: datetime,
    organisation_id: str | None = None,
    currency: str | None = None,
    is_open: bool | None = None,
    is_overdue: bool | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[CreditBill]:
    """Bills of one's ``own`` organisation, or of all in reach, newest first.

    The period is that in which they were issued.
    """
    wanted = {CreditBill.organisation_id: organisation_id, CreditBill.currency: currency}
    statement = select(CreditBill).where(
        *matching(wanted),
        *holding(IS_OPEN, is_open),
        *holding(and_(IS_OPEN, CreditBill.due_at <= at), is_overdue),
        *between(CreditBill.issued_at, from_at, until_at),
    )
    if own is not None:
        statement = statement.where(CreditBill.organisation_id == own)
    return paginate(session, statement, key=CreditBill.bill_id, cursor=cursor, limit=limit)


def open_bills(
    session: Session, organisation_id: OrganisationId, currency: str
) -> list[CreditBill]:
    """Bills that still ask for something, oldest first, locked."""
    wanted = (
        select(CreditBill)
        .where(
            CreditBill.organisation_id == organisation_id,
            CreditBill.currency == currency,
            IS_OPEN,
        )
        .order_by(CreditBill.due_at, CreditBill.bill_id)
    )
    return list(session.scalars(wanted.with_for_update()))


def steps_of(session: Session, bill_id: str) -> list[DunningStepTaken]:
    """The dunning steps that a bill came to, oldest first."""
    wanted = select(DunningStepTaken).where(DunningStepTaken.bill_id == bill_id)
    return list(session.scalars(wanted.order_by(DunningStepTaken.taken_at)))


def payments_of(session: Session, bill_id: str) -> list[PaidBy]:
    """What paid a bill, oldest first: payments, and what came in after it was written off."""
    rows = session.execute(
        select(
            BillPayment.posting_id,
            JournalTransaction.template,
            BillPayment.amount,
            BillPayment.matched_at,
        )
        .join(PostedLine, PostedLine.posting_id == BillPayment.posting_id)
        .join(JournalTransaction, JournalTransaction.transaction_id == PostedLine.transaction_id)
        .where(BillPayment.bill_id == bill_id)
        .order_by(BillPayment.matched_at, BillPayment.posting_id)
    )
    return [PaidBy(*row) for row in rows]
