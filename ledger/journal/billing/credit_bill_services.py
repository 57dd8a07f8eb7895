"""Verbs on bills of credit lines: issue them monthly, match payments, and chase the unpaid."""

from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from app.core.canonical import digest_hex
from app.core.ids import OrganisationId
from app.core.paging import Page, paginate
from app.core.unit_of_work import UnitOfWork
from ledger.journal.billing import credit_line_services
from ledger.journal.billing.books_cursor import settled_posting_id
from ledger.journal.billing.credit_billing import (
    BillFacts,
    bill_document,
    due_amount,
    match_payment,
    signed_bytes,
)
from ledger.journal.billing.dunning import DunningStep, due_steps
from ledger.journal.billing.errors import CreditBillNotFound
from ledger.journal.billing.events import (
    BillSentToCollection,
    CreditBillIssued,
    CreditBillPaid,
    PaymentReminded,
)
from ledger.journal.billing.models import BillPayment, CreditBill, CreditLine, DunningStepTaken
from ledger.journal.billing.months import month_bounds
from ledger.journal.chart import wallet_of
from ledger.journal.models import Invoice, PostedLine
from ledger.journal.ports import JournalPorts

PORTION = 100

# Bills that wait for their next step must not stand before those whose step has come.
_STEP_IS_DUE = text(
    """
    EXISTS (
        SELECT 1 FROM jsonb_array_elements(credit_bills.dunning) AS planned (step)
        WHERE credit_bills.due_at + (planned.step ->> 'days')::int * interval '1 day' <= :now
            AND NOT EXISTS (SELECT 1 FROM dunning_steps taken
                WHERE taken.bill_id = credit_bills.bill_id AND taken.step = planned.step ->> 'step')
    )
    """
)
INVOICES_MAX = 1_000


def bill_wallets(
    uow: UnitOfWork,
    ports: JournalPorts,
    *,
    month: str,
    after: str,
    most: int,
) -> list[str]:
    """Bill the next lines behind ``after`` for a month; the ids of the lines looked at."""
    wanted = (
        select(CreditLine)
        .where(CreditLine.state == credit_line_services.ACTIVE, CreditLine.credit_line_id > after)
        .order_by(CreditLine.credit_line_id)
        .limit(most)
        .with_for_update()
    )
    lines = uow.session.scalars(wanted).all()
    for line in lines:
        _match(uow, line)
        _bill(uow, ports, line, month)
    return [line.credit_line_id for line in lines]


def match_payments(uow: UnitOfWork) -> int:
    """Give what came into wallets to their bills, oldest first; how many payments were matched."""
    lines = uow.session.scalars(_with_open_bills().limit(PORTION))
    return sum(_match(uow, line) for line in lines.all())


def chase(uow: UnitOfWork) -> int:
    """Take every dunning step whose day has come; how many were taken."""
    overdue = (
        select(CreditBill.bill_id, CreditBill.organisation_id, CreditBill.currency)
        .where(CreditBill.paid_at.is_(None), CreditBill.due_at <= uow.now, _STEP_IS_DUE)
        .params(now=uow.now)
        .order_by(CreditBill.due_at, CreditBill.bill_id)
        .limit(PORTION)
    )
    return sum(_chase(uow, *row) for row in uow.session.execute(overdue).all())


def get_bill(session: Session, bill_id: str, organisation_id: OrganisationId | None) -> CreditBill:
    """The bill, of one organisation or of any in reach; raises `CreditBillNotFound`."""
    bill = session.get(CreditBill, bill_id)
    if bill is None or organisation_id not in {None, bill.organisation_id}:
        raise CreditBillNotFound(bill_id)
    return bill


def list_bills(
    session: Session, organisation_id: OrganisationId | None, *, cursor: str | None, limit: int
) -> Page[CreditBill]:
    """Bills of one organisation, or of all in reach, newest first."""
    statement = select(CreditBill)
    if organisation_id is not None:
        statement = statement.where(CreditBill.organisation_id == organisation_id)
    return paginate(session, statement, key=CreditBill.bill_id, cursor=cursor, limit=limit)


def open_bills(
    session: Session, organisation_id: OrganisationId, currency: str
) -> list[CreditBill]:
    """Unpaid bills, oldest first, locked."""
    wanted = (
        select(CreditBill)
        .where(
            CreditBill.organisation_id == organisation_id,
            CreditBill.currency == currency,
            CreditBill.paid_at.is_(None),
        )
        .order_by(CreditBill.due_at, CreditBill.bill_id)
    )
    return list(session.scalars(wanted.with_for_update()))


def steps_of(session: Session, bill_id: str) -> list[DunningStepTaken]:
    """The dunning steps that a bill came to, oldest first."""
    wanted = select(DunningStepTaken).where(DunningStepTaken.bill_id == bill_id)
    return list(session.scalars(wanted.order_by(DunningStepTaken.taken_at)))


def _with_open_bills() -> Select[CreditLine]:
    has_open = (
        select(CreditBill.bill_id)
        .where(
            CreditBill.organisation_id == CreditLine.organisation_id,
            CreditBill.currency == CreditLine.currency,
            CreditBill.paid_at.is_(None),
        )
        .exists()
    )
    return (
        select(CreditLine)
        .where(CreditLine.state == credit_line_services.ACTIVE, has_open)
        .order_by(CreditLine.credit_line_id)
        .with_for_update(skip_locked=True)
    )


def _bill(uow: UnitOfWork, ports: JournalPorts, line: CreditLine, month: str) -> None:
    """The month's bill of a line, when the month left something to pay; once."""
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


def _store(uow: UnitOfWork, ports: JournalPorts, line: CreditLine, facts: BillFacts) -> None:
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


def _match(uow: UnitOfWork, line: CreditLine) -> int:
    """Payments into the line's wallet since the last look, to its open bills."""
    through = settled_posting_id(uow.session)
    wanted = (
        select(PostedLine)
        .where(
            PostedLine.account_id == wallet_of(line.organisation_id, line.currency),
            PostedLine.posting_id > line.matched_posting_id,
            PostedLine.posting_id <= through,
            PostedLine.amount > 0,
        )
        .order_by(PostedLine.posting_id)
    )
    matched = 0
    for payment in uow.session.scalars(wanted):
        matched += _give(uow, line, payment)
    line.matched_posting_id = max(through, line.matched_posting_id)
    if matched:
        _resume_when_paid(uow, line)
    return matched


def _give(uow: UnitOfWork, line: CreditLine, payment: PostedLine) -> int:
    bills = open_bills(uow.session, line.organisation_id, line.currency)
    parts = match_payment(payment.amount, [bill.open_amount for bill in bills])
    for bill, part in zip(bills, parts, strict=True):
        if part == 0:
            continue
        uow.session.add(
            BillPayment(
                bill_id=bill.bill_id,
                posting_id=payment.posting_id,
                organisation_id=bill.organisation_id,
                amount=part,
                matched_at=uow.now,
            )
        )
        bill.paid_amount += part
        if bill.open_amount == 0:
            _close(uow, bill)
    # The next payment must find these bills as they are now.
    uow.session.flush()
    return int(any(parts))


def _close(uow: UnitOfWork, bill: CreditBill) -> None:
    bill.paid_at = uow.now
    for step in steps_of(uow.session, bill.bill_id):
        step.withdrawn_at = uow.now
    uow.record(
        CreditBillPaid(
            occurred_at=uow.now,
            bill_id=bill.bill_id,
            organisation_id=bill.organisation_id,
            amount=bill.amount,
            currency=bill.currency,
        )
    )


def _resume_when_paid(uow: UnitOfWork, line: CreditLine) -> None:
    """The suspension ends when no bill that came to it is left unpaid."""
    unpaid = [bill.bill_id for bill in open_bills(uow.session, line.organisation_id, line.currency)]
    suspended_for = select(DunningStepTaken.bill_id).where(
        DunningStepTaken.bill_id.in_(unpaid), DunningStepTaken.step == DunningStep.SUSPENSION
    )
    if uow.session.scalar(suspended_for.limit(1)) is None:
        credit_line_services.resume(uow, line)


def _chase(uow: UnitOfWork, bill_id: str, organisation_id: OrganisationId, currency: str) -> int:
    # The line before its bills, as when payments are matched: two workers must not wait in a ring.
    line = credit_line_services.find_active(uow.session, organisation_id, currency)
    bill = uow.session.get_one(CreditBill, bill_id, with_for_update=True, populate_existing=True)
    if bill.paid_at is not None:
        return 0
    taken = {step.step for step in steps_of(uow.session, bill.bill_id)}
    due = due_steps(bill.dunning, due_at=bill.due_at, at=uow.now, taken=taken)
    for step in due:
        uow.session.add(
            DunningStepTaken(
                bill_id=bill.bill_id,
                step=step.value,
                organisation_id=bill.organisation_id,
                taken_at=uow.now,
            )
        )
        _take(uow, bill, line, step)
    return len(due)


def _take(uow: UnitOfWork, bill: CreditBill, line: CreditLine | None, step: DunningStep) -> None:
    if step is DunningStep.SUSPENSION:
        if line is not None:
            credit_line_services.suspend(uow, line, bill_id=bill.bill_id)
    elif step is DunningStep.COLLECTION:
        uow.record(
            BillSentToCollection(
                occurred_at=uow.now,
                bill_id=bill.bill_id,
                organisation_id=bill.organisation_id,
                open_amount=bill.open_amount,
                currency=bill.currency,
            )
        )
    else:
        uow.record(
            PaymentReminded(
                occurred_at=uow.now,
                bill_id=bill.bill_id,
                organisation_id=bill.organisation_id,
                step=step.value,
                open_amount=bill.open_amount,
                currency=bill.currency,
                due_at=bill.due_at,
            )
        )
