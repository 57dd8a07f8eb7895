"""Verbs on settlements: plan a run, work through its suppliers, and make a statement again.

A run is a row: planned with a horizon, worked off a few suppliers per transaction, finished with a
hash over all its statements. Whoever finds it unfinished goes on where it stands.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.canonical import digest_hex
from app.core.exchange_calendar import month_start
from app.core.ids import OrganisationId
from app.core.unit_of_work import UnitOfWork
from ledger.journal.booking import book
from ledger.journal.chart import CURRENCIES, payable_of
from ledger.journal.ids import RunId, SettlementId
from ledger.journal.models import JournalAccount
from ledger.journal.services import open_accounts
from ledger.journal.settlement import postings as settlement_postings
from ledger.journal.settlement import queries as settlement_queries
from ledger.journal.settlement import settled_ranges
from ledger.journal.settlement.errors import SettlementPeriodUnfit, SettlementRunOpen
from ledger.journal.settlement.events import SettlementMade, SettlementRunFinished
from ledger.journal.settlement.models import (
    FINISHED,
    PLANNED,
    Settlement,
    SettlementRun,
    StatementRow,
)
from ledger.journal.settlement.settled_ranges import PostingRange
from ledger.journal.settlement.statements import (
    RETURNED_AT_FIRST,
    RETURNED_TEMPLATES,
    StatementFacts,
    month_before,
    statement_document,
)

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
        run.settlement_count += _settle(uow, run, account_id, OrganisationId(supplier_id))
        run.last_account_id = account_id
    if len(accounts) < portion:
        _finish(uow, run)
    return max(len(accounts), 1)


def rebuild_statement(session: Session, settlement: Settlement) -> dict[str, Any]:
    """The statement made again from the books, in the form of its day: byte for byte the same."""
    run = settlement_queries.get_run(session, settlement.run_id)
    rows = settlement_queries.list_statement_rows(session, settlement.settlement_id)
    salts = {row.subject: row.salt for row in rows}

    def in_form(returned: tuple[str, ...]) -> dict[str, Any]:
        facts = _facts(session, settlement, run.minimum_amount, returned)
        return statement_document(replace(facts, salts=salts))

    earlier = in_form(RETURNED_AT_FIRST)
    is_earlier = digest_hex(earlier) == settlement.statement_hash
    return earlier if is_earlier else in_form(RETURNED_TEMPLATES)


def _settle(
    uow: UnitOfWork, run: SettlementRun, account_id: str, supplier_id: OrganisationId
) -> int:
    """Settle one account; 1 when there was something, 0 when its range is empty."""
    settled_ranges.lock_account(uow.session, account_id)
    last = settlement_queries.find_last_settlement(uow.session, supplier_id, run.currency)
    after = 0 if last is None else last.until_posting_id
    through = settled_ranges.last_posting(
        uow.session,
        account_id,
        after=after,
        horizon=run.horizon_posting_id,
        until_at=run.until_at,
    )
    if through is None:
        return 0
    settlement = Settlement(
        settlement_id=SettlementId(uow.ids.new("stl")),
        run_id=run.run_id,
        supplier_id=supplier_id,
        currency=run.currency,
        n=1 if last is None else last.n + 1,
        from_at=run.from_at,
        until_at=run.until_at,
        from_posting_id=after,
        until_posting_id=through,
        opening_amount=0 if last is None else last.carried_amount,
        settled_at=uow.now,
    )
    facts = _facts(uow.session, settlement, run.minimum_amount, RETURNED_TEMPLATES)
    salts = {line.subject: _new_salt(uow) for line in facts.lines}
    _fix(uow, settlement, replace(facts, salts=salts))
    return 1


def _facts(
    session: Session, settlement: Settlement, minimum_amount: int, returned: tuple[str, ...]
) -> StatementFacts:
    sums = settled_ranges.range_sums(
        session,
        PostingRange(
            supplier_id=settlement.supplier_id,
            account_id=payable_of(settlement.supplier_id, settlement.currency),
            currency=settlement.currency,
            after=settlement.from_posting_id,
            through=settlement.until_posting_id,
        ),
        returned,
    )
    return StatementFacts(
        settlement_id=settlement.settlement_id,
        run_id=settlement.run_id,
        supplier_id=settlement.supplier_id,
        currency=settlement.currency,
        n=settlement.n,
        from_at=settlement.from_at,
        until_at=settlement.until_at,
        from_posting_id=settlement.from_posting_id,
        until_posting_id=settlement.until_posting_id,
        opening_amount=settlement.opening_amount,
        returned_amount=sums.returned_amount,
        minimum_amount=minimum_amount,
        lines=sums.lines,
        settled_at=settlement.settled_at,
    )


def _fix(uow: UnitOfWork, settlement: Settlement, facts: StatementFacts) -> None:
    document = statement_document(facts)
    settlement.root_hash = document["tree"]["root_hash"] if "tree" in document else None
    settlement.period_amount = facts.period_amount
    settlement.settled_amount = facts.settled_amount
    settlement.carried_amount = facts.carried_amount
    settlement.statement = document
    settlement.statement_hash = digest_hex(document)
    uow.session.add(settlement)
    uow.session.flush()
    uow.session.add_all(_rows(facts))
    if facts.settled_amount:
        open_accounts(uow, organisation_id=facts.supplier_id, currency=facts.currency)
        draft = settlement_postings.settle(
            settlement_id=facts.settlement_id,
            supplier_id=facts.supplier_id,
            amount=facts.settled_amount,
            currency=facts.currency,
        )
        book(uow.session, draft, occurred_at=uow.now, booked_at=uow.now)
    uow.record(
        SettlementMade(
            occurred_at=uow.now,
            settlement_id=facts.settlement_id,
            run_id=facts.run_id,
            supplier_id=facts.supplier_id,
            currency=facts.currency,
            settled_amount=facts.settled_amount,
            carried_amount=facts.carried_amount,
            from_at=facts.from_at,
            until_at=facts.until_at,
            statement_hash=settlement.statement_hash,
            root_hash=settlement.root_hash,
        )
    )


def _new_salt(uow: UnitOfWork) -> bytes:
    """32 bytes of the id source, which is the one place of entropy."""
    drawn = uow.ids.opaque("salt") + uow.ids.opaque("salt")
    return hashlib.sha256(drawn.encode()).digest()


def _rows(facts: StatementFacts) -> list[StatementRow]:
    tree = facts.tree
    return [
        StatementRow(
            settlement_id=facts.settlement_id,
            subject=row.key,
            supplier_id=facts.supplier_id,
            salt=row.salt,
            units=row.sums.units,
            charged_amount=row.sums.charged,
            credited_amount=row.sums.credited,
        )
        for row in ([] if tree is None else tree.rows)
    ]


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
