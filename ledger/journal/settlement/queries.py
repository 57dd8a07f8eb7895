"""Reads of settlement runs, settlements and the rows of their statements."""

from datetime import datetime

from sqlalchemy import and_, column, exists, select, table
from sqlalchemy.orm import Session

from app.core.ids import OrganisationId
from app.core.paging import Page, between, holding, matching, paginate
from ledger.journal.ids import RunId, SettlementId
from ledger.journal.settlement.errors import SettlementNotFound, SettlementRunNotFound
from ledger.journal.settlement.models import PLANNED, Settlement, SettlementRun, StatementRow

# The room of payouts stands on this one: its table is named here, and its code is not used.
_PAYOUTS = table("payouts", column("settlement_id"), column("state"))
_IS_AWAITING_PAYOUT = and_(
    Settlement.settled_amount > 0,
    ~exists().where(
        _PAYOUTS.c.settlement_id == Settlement.settlement_id, _PAYOUTS.c.state != "cancelled"
    ),
)


def get_run(session: Session, run_id: RunId) -> SettlementRun:
    """The run; raises `SettlementRunNotFound`."""
    found = session.get(SettlementRun, run_id)
    if found is None:
        raise SettlementRunNotFound(run_id)
    return found


def find_last_run(session: Session, currency: str) -> SettlementRun | None:
    """The currency's run that reaches furthest, locked."""
    statement = select(SettlementRun).where(SettlementRun.currency == currency)
    return session.scalar(
        statement.order_by(SettlementRun.until_at.desc()).limit(1).with_for_update()
    )


def find_open_run_for_update(session: Session) -> SettlementRun | None:
    """An unfinished run that nobody else is working on, locked; the oldest first."""
    return session.scalar(
        select(SettlementRun)
        .where(SettlementRun.state == PLANNED)
        .order_by(SettlementRun.run_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )


def list_runs(
    session: Session, *, currency: str | None, cursor: str | None, limit: int
) -> Page[SettlementRun]:
    """Settlement runs, newest first."""
    statement = select(SettlementRun)
    if currency is not None:
        statement = statement.where(SettlementRun.currency == currency)
    return paginate(session, statement, key=SettlementRun.run_id, cursor=cursor, limit=limit)


def get_settlement(
    session: Session, settlement_id: SettlementId, organisation_id: OrganisationId | None
) -> Settlement:
    """The settlement, of one supplier or of any in reach; raises `SettlementNotFound`."""
    found = session.get(Settlement, settlement_id)
    if found is None or organisation_id not in {None, found.supplier_id}:
        raise SettlementNotFound(settlement_id)
    return found


def get_settlement_for_update(session: Session, settlement_id: SettlementId) -> Settlement:
    """The settlement, locked; raises `SettlementNotFound`."""
    found = session.get(Settlement, settlement_id, with_for_update=True)
    if found is None:
        raise SettlementNotFound(settlement_id)
    return found


def find_last_settlement(session: Session, supplier_id: str, currency: str) -> Settlement | None:
    """The supplier's newest settlement in a currency."""
    return session.scalar(
        select(Settlement)
        .where(Settlement.supplier_id == supplier_id, Settlement.currency == currency)
        .order_by(Settlement.n.desc())
        .limit(1)
    )


def list_settlements(
    session: Session,
    own: OrganisationId | None,
    *,
    run_id: RunId | None = None,
    organisation_id: str | None = None,
    currency: str | None = None,
    is_awaiting_payout: bool | None = None,
    from_at: datetime | None = None,
    until_at: datetime | None = None,
    cursor: str | None,
    limit: int,
) -> Page[Settlement]:
    """Settlements of one's ``own`` organisation, or of all in reach, newest first.

    The period is that in which they were fixed. Awaiting a payout is what fixed something to pay
    out and has no payout but cancelled ones.
    """
    wanted = {
        Settlement.run_id: run_id,
        Settlement.supplier_id: organisation_id,
        Settlement.currency: currency,
    }
    statement = select(Settlement).where(
        *matching(wanted),
        *holding(_IS_AWAITING_PAYOUT, is_awaiting_payout),
        *between(Settlement.settled_at, from_at, until_at),
    )
    if own is not None:
        statement = statement.where(Settlement.supplier_id == own)
    return paginate(session, statement, key=Settlement.settlement_id, cursor=cursor, limit=limit)


def list_statement_rows(session: Session, settlement_id: SettlementId) -> list[StatementRow]:
    """Every row of a statement's tree; none for a statement without one."""
    statement = select(StatementRow).where(StatementRow.settlement_id == settlement_id)
    return [*session.scalars(statement.order_by(StatementRow.subject))]
