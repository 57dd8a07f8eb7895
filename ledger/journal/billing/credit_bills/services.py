"""Bills of credit lines, issued monthly: what was drawn, what was paid, what is due."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.canonical import digest_hex
from app.core.unit_of_work import UnitOfWork
from ledger.journal.billing.credit_bills.bills import (
    BillFacts,
    bill_document,
    due_amount,
    signed_bytes,
)
from ledger.journal.billing.credit_bills.events import CreditBillIssued
from ledger.journal.billing.credit_bills.models import CreditBill
from ledger.journal.billing.credit_bills.payment_services import match_line
from ledger.journal.billing.credit_bills.queries import open_bills
from ledger.journal.billing.credit_lines.models import ACTIVE, CreditLine
from ledger.journal.billing.invoices.models import Invoice
from ledger.journal.billing.months import month_bounds
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.books.chart import wallet_of
from ledger.journal.books.models import PostedLine

INVOICES_MAX = 1_000


def next_lines(session: Session, *, after: str, most: int) -> Sequence[CreditLine]:
    """The next lines in force behind ``after``, locked."""
    wanted = (
        select(CreditLine)
        .where(CreditLine.state == ACTIVE, CreditLine.credit_line_id > after)
        .order_by(CreditLine.credit_line_id)
        .limit(most)
        .with_for_update()
    )
    return session.scalars(wanted).all()


def bill_line(uow: UnitOfWork, ports: BillingPorts, line: CreditLine, *, month: str) -> None:
    """The month's bill of a line, when the month left something to pay; once."""
    match_line(uow, line)
    from_at, until_at = month_bounds(month)
    own = (CreditBill.organisation_id == line.organisation_id) & (
        CreditBill.currency == line.currency
    )
    made = select(CreditBill.bill_id).where(own, CreditBill.month == month)
    if uow.session.scalar(made) is not None:
        return
    balance = _balance_at(uow.session, line, until_at)
    open_before = sum(
        bill.open_amount for bill in open_bills(uow.session, line.organisation_id, line.currency)
    )
    amount = due_amount(balance, open_before)
    if amount == 0:
        return
    facts = BillFacts(
        bill_id=uow.ids.new("cbl"),
        organisation_id=line.organisation_id,
        currency=line.currency,
        month=month,
        from_at=from_at,
        until_at=until_at,
        issued_at=uow.now,
        due_at=uow.now + timedelta(days=line.due_days),
        amount=amount,
        balance_amount=balance,
        open_before_amount=open_before,
        invoices=_invoices(uow.session, line, (from_at, until_at)),
    )
    _store(uow, ports, line, facts)


def _store(uow: UnitOfWork, ports: BillingPorts, line: CreditLine, facts: BillFacts) -> None:
    document = bill_document(facts)
    bill = CreditBill(
        bill_id=facts.bill_id,
        organisation_id=line.organisation_id,
        currency=line.currency,
        month=facts.month,
        from_at=facts.from_at,
        until_at=facts.until_at,
        amount=facts.amount,
        paid_amount=0,
        issued_at=facts.issued_at,
        due_at=facts.due_at,
        dunning=line.dunning,
        document=document,
        bill_hash=digest_hex(document),
        key_name=ports.statement_signer.name,
        signature=ports.statement_signer.sign(signed_bytes(document)),
    )
    uow.session.add(bill)
    uow.record(
        CreditBillIssued(
            occurred_at=uow.now,
            bill_id=bill.bill_id,
            bill_hash=bill.bill_hash,
            organisation_id=bill.organisation_id,
            amount=bill.amount,
            currency=bill.currency,
            due_at=bill.due_at,
        )
    )


def _balance_at(session: Session, line: CreditLine, until_at: datetime) -> int:
    """The wallet as the month left it, with what was paid since and is matched already.

    Payments that are not matched yet will be given to this very bill.
    """
    is_paid = (PostedLine.amount > 0) & (PostedLine.posting_id <= line.matched_posting_id)
    counted = (PostedLine.booked_at < until_at) | is_paid
    total = session.scalar(
        select(func.sum(PostedLine.amount)).where(
            PostedLine.account_id == wallet_of(line.organisation_id, line.currency), counted
        )
    )
    return int(total or 0)


def _invoices(
    session: Session, line: CreditLine, period: tuple[datetime, datetime]
) -> list[dict[str, str]]:
    """Invoices of the month that the bill adds up; evidence for what was bought."""
    wanted = (
        select(Invoice)
        .where(
            Invoice.buyer_id == line.organisation_id,
            Invoice.currency == line.currency,
            Invoice.until_at > period[0],
            Invoice.until_at <= period[1],
        )
        .order_by(Invoice.invoice_id)
        .limit(INVOICES_MAX)
    )
    return [
        {
            "invoice_id": invoice.invoice_id,
            "invoice_hash": invoice.invoice_hash,
            "total_amount": str(invoice.total_amount),
        }
        for invoice in session.scalars(wanted)
    ]
