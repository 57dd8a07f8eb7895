"""Verbs on monthly runs: an invoice for every licence with something to state, then the bills."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.ids import LicenceId, PersonId
from app.core.portions import attempt
from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from ledger.journal.billing.credit_bills.services import bill_line, next_lines
from ledger.journal.billing.invoices.services import issue_due_invoice
from ledger.journal.billing.months import month_after, month_before, month_bounds
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.billing.runs.errors import BillingMonthUnfit
from ledger.journal.billing.runs.models import BillingRun
from ledger.journal.trading.models import LicenceParties

PORTION = 20
"""Licences a transaction: short enough that calls never wait for it."""

GRACE = timedelta(hours=2)
"""Time for periods of the month to be closed and their minimums booked before it is billed."""

RETRY = timedelta(hours=1)
"""After so long a run that could not make everything begins again: what is made is passed over."""

MONTHS_MAX = 24


def start_run(uow: UnitOfWork, principal: Principal | None, *, month: str) -> BillingRun:
    """Begin a month's run, or continue the one that there is; raises `BillingMonthUnfit`."""
    try:
        from_at, until_at = month_bounds(month)
    except ValueError:
        raise BillingMonthUnfit(month) from None
    if until_at > uow.now:
        raise BillingMonthUnfit(month)
    begun = {
        "month": month,
        "from_at": from_at,
        "until_at": until_at,
        "started_at": uow.now,
        "done_through": "",
        "invoice_count": 0,
        "bills_through": "",
    }
    # Two may begin a month at once: the second waits here and continues the first's run.
    uow.session.execute(insert(BillingRun).values(begun).on_conflict_do_nothing())
    run = uow.session.get_one(BillingRun, month, with_for_update=True, populate_existing=True)
    if principal is None:
        return run
    run.asked_by = PersonId(principal.id)
    if run.finished_at is not None or run.retry_at is not None:
        # Asked again: what was committed or revoked since is stated now; nothing stands twice.
        _begin_again(run)
    return run


def _begin_again(run: BillingRun) -> None:
    run.done_through, run.bills_through = "", ""
    run.finished_at, run.retry_at = None, None
    run.forget_failures()


def start_due_runs(uow: UnitOfWork) -> int:
    """Begin the runs of every month that is over and has none; how many were begun.

    After a standstill of months each gets its run, oldest first. The first ever is last month's.
    """
    last = month_before(uow.now - GRACE)
    newest = uow.session.scalar(select(BillingRun.month).order_by(BillingRun.month.desc()).limit(1))
    month = last if newest is None else month_after(newest)
    begun = 0
    while month <= last and begun < MONTHS_MAX:
        start_run(uow, None, month=month)
        month, begun = month_after(month), begun + 1
    return begun


def work_on_run(uow: UnitOfWork, ports: BillingPorts) -> int:
    """Issue the invoices of the next few licences of the oldest open run; how many were looked at.

    Each transaction is whole in itself, so a run that dies continues where it stopped. What cannot
    be made is named in the run, which goes on without it and begins again after `RETRY`.
    """
    run = uow.session.scalars(
        select(BillingRun)
        .where(BillingRun.finished_at.is_(None))
        .where(BillingRun.retry_at.is_(None) | (BillingRun.retry_at <= uow.now))
        .order_by(BillingRun.month)
        .limit(1)
        # Another worker is on it: two would only wait for each other.
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if run is None:
        return 0
    if run.retry_at is not None:
        _begin_again(run)
    done = _issue_next(uow, ports, run) or _bill_next(uow, ports, run)
    if done:
        return done
    if run.failed_count:
        run.retry_at = uow.now + RETRY
    else:
        run.finished_at = uow.now
    return 1


def _issue_next(uow: UnitOfWork, ports: BillingPorts, run: BillingRun) -> int:
    licence_ids = _next_licences(uow.session, run)
    for licence_id in licence_ids:
        with attempt(uow, "invoice not made", month=run.month, licence_id=licence_id) as tried:
            invoice = issue_due_invoice(
                uow, ports, licence_id=licence_id, from_at=run.from_at, until_at=run.until_at
            )
            run.invoice_count += invoice is not None
        if tried.error:
            run.note_failure(licence_id, tried.error)
        run.done_through = licence_id
    return len(licence_ids)


def _bill_next(uow: UnitOfWork, ports: BillingPorts, run: BillingRun) -> int:
    lines = next_lines(uow.session, after=run.bills_through, most=PORTION)
    for line in lines:
        line_id = line.credit_line_id
        with attempt(uow, "bill not made", month=run.month, credit_line_id=line_id) as tried:
            bill_line(uow, ports, line, month=run.month)
        if tried.error:
            run.note_failure(line_id, tried.error)
        run.bills_through = line_id
    return len(lines)


def _next_licences(session: Session, run: BillingRun) -> list[LicenceId]:
    # Also those that begin later: what is due with the order is paid by now.
    wanted = (
        select(LicenceParties.licence_id)
        .where(LicenceParties.licence_id > run.done_through)
        .order_by(LicenceParties.licence_id)
        .limit(PORTION)
    )
    return list(session.scalars(wanted))
