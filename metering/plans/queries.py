"""Reads of periods and their pools, for those that open, close and show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from metering.models import AllowancePool, Entitlement, LicencePeriod
from metering.plans.bills import left_to_carry
from metering.plans.calendar import Term
from metering.plans.pools import Pool, PoolKind
from metering.plans.terms import PlanTerms


@dataclass(frozen=True)
class EntitlementDetail:
    """An entitlement with its present period (None before its first and after its last)."""

    entitlement: Entitlement
    period: LicencePeriod | None
    pools: tuple[AllowancePool, ...]


def detail_of(session: Session, entitlement: Entitlement, *, at: datetime) -> EntitlementDetail:
    """What an entitlement has at an instant."""
    period = session.scalars(
        select(LicencePeriod)
        .where(
            LicencePeriod.licence_id == entitlement.licence_id,
            LicencePeriod.from_at <= at,
            LicencePeriod.until_at > at,
        )
        .order_by(LicencePeriod.period.desc())
        .limit(1)
    ).one_or_none()
    pools = session.scalars(
        select(AllowancePool)
        .where(
            AllowancePool.licence_id == entitlement.licence_id,
            AllowancePool.from_at <= at,
            AllowancePool.until_at > at,
        )
        .order_by(AllowancePool.kind.not_in(["trial", "free"]), AllowancePool.position)
    )
    return EntitlementDetail(entitlement, period, tuple(pools))


def term_of(session: Session, entitlement: Entitlement) -> Term:
    """The licence's term as its periods are counted: a start that was narrowed moves none."""
    first_at = session.scalar(
        select(LicencePeriod.from_at).where(
            LicencePeriod.licence_id == entitlement.licence_id, LicencePeriod.period == 1
        )
    )
    return Term(first_at or entitlement.starts_at, entitlement.ends_at)


def paid_pools_of(session: Session, licence_id: str, number: int) -> tuple[Pool, ...]:
    """The pools of a period that are not free, as they are now, with what was carried into them."""
    statement = select(AllowancePool).where(
        AllowancePool.licence_id == licence_id,
        AllowancePool.period == number,
        AllowancePool.kind.not_in([PoolKind.TRIAL.value, PoolKind.FREE.value]),
    )
    return tuple(
        Pool(PoolKind(pool.kind), pool.unit_price, pool.granted_units, is_of_term=False)
        for pool in session.scalars(statement.order_by(AllowancePool.position))
    )


def closed_before(session: Session, period: LicencePeriod) -> list[LicencePeriod]:
    """The licence's closed periods before this one."""
    statement = select(LicencePeriod).where(
        LicencePeriod.licence_id == period.licence_id,
        LicencePeriod.period < period.period,
        LicencePeriod.state == "closed",
    )
    return list(session.scalars(statement))


def others_of(session: Session, period: LicencePeriod) -> list[LicencePeriod]:
    """The licence's other periods, whatever their state."""
    statement = select(LicencePeriod).where(
        LicencePeriod.licence_id == period.licence_id, LicencePeriod.period != period.period
    )
    return list(session.scalars(statement))


def has_open(periods: Iterable[LicencePeriod]) -> bool:
    """Whether one of the periods is still to be closed, or to be paid and then closed."""
    return any(each.state in {"open", "unpaid"} for each in periods)


def carried_into(session: Session, licence_id: str, plan: PlanTerms, number: int) -> int:
    """Units that the period before left over, once that is closed."""
    before = session.get(LicencePeriod, (licence_id, number - 1))
    if before is None or before.state != "closed":
        return 0
    return left_over(session, plan, before)


def left_over(session: Session, plan: PlanTerms, period: LicencePeriod) -> int:
    """Units of a closed period that roll over."""
    included = [
        pool.units or 0
        for pool in paid_pools_of(session, period.licence_id, period.period)
        if pool.kind is PoolKind.INCLUDED
    ]
    paid = (period.units or 0) - (period.free_units or 0)
    return left_to_carry(plan, max(0, sum(included) - paid))


def due_to_open(
    session: Session, *, at: datetime, after: tuple[datetime, str] | None, limit: int
) -> list[tuple[datetime, str]]:
    """Licences whose next period begins by an instant, the oldest first, behind ``after``."""
    place = tuple_(Entitlement.next_period_at, Entitlement.licence_id)
    statement = select(Entitlement.next_period_at, Entitlement.licence_id).where(
        Entitlement.next_period_at <= at
    )
    if after is not None:
        statement = statement.where(place > after)
    rows = session.execute(statement.order_by(*place).limit(limit))
    return [(due_at, licence_id) for due_at, licence_id in rows if due_at is not None]


def due_to_try(session: Session, *, at: datetime, limit: int) -> list[tuple[str, int]]:
    """Periods that end by an instant, or whose fee is to be tried again."""
    statement = select(LicencePeriod.licence_id, LicencePeriod.period).where(
        LicencePeriod.state.in_(("open", "unpaid")), LicencePeriod.try_at <= at
    )
    rows = session.execute(statement.order_by(LicencePeriod.try_at).limit(limit))
    return [(licence_id, number) for licence_id, number in rows]
