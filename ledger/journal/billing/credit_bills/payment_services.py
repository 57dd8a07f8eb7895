"""What comes into a wallet pays its bills, oldest first; a paid line is resumed."""

from sqlalchemy import Select, select

from app.core.portions import each_alone
from app.core.unit_of_work import UnitOfWork
from ledger.journal.billing.credit_bills.bills import match_payment
from ledger.journal.billing.credit_bills.events import CreditBillPaid
from ledger.journal.billing.credit_bills.models import (
    IS_OPEN,
    BillPayment,
    CreditBill,
    DunningStepTaken,
)
from ledger.journal.billing.credit_bills.queries import open_bills, steps_of
from ledger.journal.billing.credit_lines import services as credit_line_services
from ledger.journal.billing.credit_lines.dunning import DunningStep
from ledger.journal.billing.credit_lines.models import ACTIVE, CreditLine
from ledger.journal.books.chart import wallet_of
from ledger.journal.books.cursors import cursor_for_update, settled_posting_id
from ledger.journal.books.models import PostedLine

PORTION = 100


def match_payments(uow: UnitOfWork) -> int:
    """Give what came into wallets to their bills, oldest first; how many payments were matched.

    Round and round, so that those who never pay do not stand before those who do.
    """
    cursor = cursor_for_update(uow.session, "bill payments")
    behind = _with_open_bills().where(CreditLine.credit_line_id > cursor.place).limit(PORTION)
    lines = uow.session.scalars(behind).all()
    cursor.place = lines[-1].credit_line_id if len(lines) == PORTION else ""
    return each_alone(uow, lines, match_line)


def match_line(uow: UnitOfWork, line: CreditLine) -> int:
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


def _with_open_bills() -> Select[CreditLine]:
    has_open = (
        select(CreditBill.bill_id)
        .where(
            CreditBill.organisation_id == CreditLine.organisation_id,
            CreditBill.currency == CreditLine.currency,
            IS_OPEN,
        )
        .exists()
    )
    return (
        select(CreditLine)
        .where(CreditLine.state == ACTIVE, has_open)
        .order_by(CreditLine.credit_line_id)
        .with_for_update(skip_locked=True)
    )


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
            close_bill(uow, bill)
    # The next payment must find these bills as they are now.
    uow.session.flush()
    return int(any(parts))


def close_bill(uow: UnitOfWork, bill: CreditBill) -> None:
    """The bill is paid in full; what it was chased with ends."""
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
