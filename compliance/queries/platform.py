"""Reads of the duties that no code enforces, and of what was stated about them."""

from dataclasses import dataclass

from sqlalchemy import select

from app.core.exchange_calendar import day_of
from app.core.paging import Page, paginate
from app.core.unit_of_work import UnitOfWork
from compliance.models.platform import PlatformStatement
from compliance.rules import rule_set
from compliance.rules.platform import DutyState, duties
from compliance.rules.rule_set import Rule


@dataclass(frozen=True)
class Duty:
    """A duty with its state, and the statement by which it stands there."""

    rule: Rule
    state: DutyState
    statement: PlatformStatement | None


def list_platform_duties(uow: UnitOfWork) -> list[Duty]:
    """Every duty in force; one that is held keeps its state while a newer one waits."""
    return [_duty(uow, rule) for rule in duties(rule_set.current(), day_of(uow.now))]


def _duty(uow: UnitOfWork, rule: Rule) -> Duty:
    wanted = (
        select(PlatformStatement)
        .where(PlatformStatement.rule_id == rule.id)
        .order_by(PlatformStatement.id.desc())
    )
    held = wanted.where(
        PlatformStatement.confirmed_by.is_not(None), PlatformStatement.valid_until > uow.now
    )
    found = (
        uow.session.scalars(held.limit(1)).first() or uow.session.scalars(wanted.limit(1)).first()
    )
    return Duty(rule, found.state_at(uow.now) if found else DutyState.MISSING, found)


def list_platform_statements(
    uow: UnitOfWork, *, rule_id: str | None = None, cursor: str | None = None, limit: int = 20
) -> Page[PlatformStatement]:
    """What was stated, newest first."""
    wanted = select(PlatformStatement)
    if rule_id is not None:
        wanted = wanted.where(PlatformStatement.rule_id == rule_id)
    return paginate(uow.session, wanted, key=PlatformStatement.id, cursor=cursor, limit=limit)
