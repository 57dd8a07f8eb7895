"""Verbs on settlement runs: plan one, and work through its suppliers.

A run is a row: planned with a horizon, worked off a few suppliers per transaction, finished with a
hash over all its statements. Whoever finds it unfinished goes on where it stands.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from app.core.canonical import digest_hex
from app.core.exchange_calendar import month_start
from app.core.ids import OrganisationId
from app.core.money import CURRENCIES
from app.core.portions import attempt
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.models import JournalAccount
from ledger.journal.ids import RunId
from ledger.journal.settlement import queries as settlement_queries
from ledger.journal.settlement import settled_ranges
from ledger.journal.settlement.errors import SettlementPeriodUnfit, SettlementRunOpen
from ledger.journal.settlement.events import SettlementRunFinished
from ledger.journal.settlement.models import FINISHED, PLANNED, Settlement, SettlementRun
from ledger.journal.settlement.services import settle_account
from ledger.journal.settlement.statements import month_before

PORTION = 50
"""Suppliers settled in one transaction."""

MINIMUM_AMOUNT = 100_000_000
"""Below 1.00 a balance is carried over: a transfer would cost more than it is worth."""

SYSTEM = "worker"

_ONE_PLANNER = text(
    "SELECT pg_advisory_xact_lock(hashtext('settlement_runs'), hashtext(:currency))"
)


@dataclass(frozen=True)
class RunPeriod:
    """A currency and the instants between which it is settled; the end is excluded."""

    currency: str
    from_at: datetime | None
    until_at: datetime


def plan_run(
    uow: UnitOfWork,
    period: RunPeriod,
    *,
    planned_by: str,
    minimum_amount: int = MINIMUM_AMOUNT,
) -> SettlementRun:
    """Plan the settlement of every supplier of a currency up to an instant that is past.

    Without ``from_at`` it begins where the last run ended, the first at its own month's start. The
    first run settles everything older as well. Raises `SettlementPeriodUnfit`, `SettlementRunOpen`.
    """
    uow.session.execute(_ONE_PLANNER, {"currency": period.currency})
    last = settlement_queries.find_last_run(uow.session, period.currency)
    if last is not None and last.state == PLANNED:
        raise SettlementRunOpen(last.run_id)
    settled_until = None if last is None else last.until_at
    from_at = period.from_at or settled_until or month_before(month_start(period.until_at))
    adjoins = settled_until is None or from_at == settled_until
    if not adjoins or not from_at < period.until_at <= uow.now:
        raise SettlementPeriodUnfit(period.currency, settled_until=settled_until, now=uow.now)
    horizon = settled_ranges.read_horizon(uow.session)
    run = SettlementRun(
        run_id=RunId(uow.ids.new("run")),
        currency=period.currency,
        from_at=from_at,
        until_at=period.until_at,
        horizon_posting_id=horizon.posting_id,
        barrier_xid=horizon.barrier_xid,
        minimum_amount=minimum_amount,
        state=PLANNED,
        planned_by=planned_by,
        planned_at=uow.now,
        settlement_count=0,
    )
    uow.session.add(run)
    uow.session.flush()
    return run


def plan_monthly_runs(uow: UnitOfWork) -> int:
    """Plan last month's run (of China's calendar) for each currency that lacks it; how many.

    A run that is still open is left to its own step; its successor is planned after it.
    """
    until_at = month_start(uow.now)
    planned = 0
    for currency in CURRENCIES:
        is_used = select(JournalAccount.account_id).where(
            JournalAccount.kind == "payable", JournalAccount.currency == currency
        )
        if uow.session.scalar(is_used.limit(1)) is None:
            continue
        last = settlement_queries.find_last_run(uow.session, currency)
        is_open = last is not None and last.state == PLANNED
        if is_open or (last is not None and last.until_at >= until_at):
            continue
        plan_run(uow, RunPeriod(currency, None, until_at), planned_by=SYSTEM)
        planned += 1
    return planned


def advance_run(uow: UnitOfWork, portion: int = PORTION) -> int:
    """Settle the next suppliers of an open run; how many accounts were looked at, 0 for none.

    One that cannot be settled is named in the run: the next one's range begins where its last did.

    Nothing happens while a transaction from before the run's horizon is still under way, or while
    another worker has the run. Needs the exchange's reach.
    """
    run = settlement_queries.find_open_run_for_update(uow.session)
    if run is None or not settled_ranges.is_passed(uow.session, run.barrier_xid):
        return 0
    accounts = settled_ranges.next_accounts(
        uow.session, run.currency, after=run.last_account_id or "", most=portion
    )
    for account_id, supplier_id in accounts:
        with attempt(uow, "account not settled", account_id=account_id) as tried:
            supplier = OrganisationId(supplier_id)
            run.settlement_count += settle_account(uow, run, account_id, supplier)
        if tried.error:
            run.note_failure(supplier_id, tried.error)
        run.last_account_id = account_id
    if len(accounts) < portion:
        _finish(uow, run)
    return max(len(accounts), 1)


def _finish(uow: UnitOfWork, run: SettlementRun) -> None:
    uow.session.flush()
    hashes = uow.session.scalars(
        select(Settlement.statement_hash)
        .where(Settlement.run_id == run.run_id)
        .order_by(Settlement.supplier_id)
    )
    run.run_hash = digest_hex(list(hashes))
    run.state, run.finished_at = FINISHED, uow.now
    uow.record(
        SettlementRunFinished(
            occurred_at=uow.now,
            run_id=run.run_id,
            currency=run.currency,
            from_at=run.from_at,
            until_at=run.until_at,
            settlement_count=run.settlement_count,
            run_hash=run.run_hash,
        )
    )
