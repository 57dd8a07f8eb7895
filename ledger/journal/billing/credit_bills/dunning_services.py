"""Unpaid bills are chased by their line's own steps: reminders, suspension, collection."""

from functools import partial

from sqlalchemy import select, text

from app.core.ids import OrganisationId
from app.core.portions import alone
from app.core.unit_of_work import UnitOfWork
from ledger.journal.billing.credit_bills.events import BillSentToCollection, PaymentReminded
from ledger.journal.billing.credit_bills.models import IS_OPEN, CreditBill, DunningStepTaken
from ledger.journal.billing.credit_bills.payment_services import match_line
from ledger.journal.billing.credit_bills.queries import steps_of
from ledger.journal.billing.credit_lines import services as credit_line_services
from ledger.journal.billing.credit_lines.dunning import DunningStep, due_steps
from ledger.journal.billing.credit_lines.models import CreditLine
from ledger.journal.books.cursors import cursor_for_update

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


def chase(uow: UnitOfWork) -> int:
    """Take every dunning step whose day has come; how many were taken.

    Round and round: a bill that cannot be chased is left as it was, and stands before no other.
    """
    cursor = cursor_for_update(uow.session, "dunning")
    overdue = (
        select(CreditBill.bill_id, CreditBill.organisation_id, CreditBill.currency)
        .where(IS_OPEN, CreditBill.due_at <= uow.now, _STEP_IS_DUE)
        .where(CreditBill.bill_id > cursor.place)
        .params(now=uow.now)
        .order_by(CreditBill.bill_id)
        .limit(PORTION)
    )
    rows = uow.session.execute(overdue).all()
    cursor.place = rows[-1].bill_id if len(rows) == PORTION else ""
    return sum(
        alone(uow, "bill not chased", partial(_chase, uow, *row), bill_id=row.bill_id)
        for row in rows
    )


def _chase(uow: UnitOfWork, bill_id: str, organisation_id: OrganisationId, currency: str) -> int:
    # The line before its bills, as when payments are matched: two workers must not wait in a ring.
    line = credit_line_services.find_active(uow.session, organisation_id, currency)
    if line is not None:
        # Nobody is reminded of what came in already, however long its matching takes.
        match_line(uow, line)
    bill = uow.session.get_one(CreditBill, bill_id, with_for_update=True, populate_existing=True)
    if bill.paid_at is not None or bill.written_off_at is not None:
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
