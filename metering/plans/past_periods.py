"""The periods that a licence has had, with what each granted and what rolled over."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.paging import Page, paginate
from metering.models import AllowancePool, Entitlement, LicencePeriod
from metering.plans.pools import PoolKind, pools_of
from metering.plans.terms import PlanTerms, read_plan


@dataclass(frozen=True)
class GrantedPeriod:
    """A period, and the units that its fee or price included."""

    period: LicencePeriod
    currency: str
    granted_units: int | None
    """None where the plan sells by the unit, or counts over the whole term, or never opened it."""
    rolled_in_units: int
    rolled_over_units: int | None
    """What the next period got of it; None until that has begun."""


def list_periods(
    session: Session, entitlement: Entitlement, *, cursor: str | None, limit: int
) -> Page[GrantedPeriod]:
    """A page of a licence's periods, the latest first, the present one too."""
    statement = select(LicencePeriod).where(LicencePeriod.licence_id == entitlement.licence_id)
    page = paginate(
        session, statement, key=LicencePeriod.period, cursor=cursor, limit=limit, parse=int
    )
    granted = _included(session, entitlement.licence_id, [each.period for each in page.items])
    own = _own_units(read_plan(entitlement.plan_terms))
    rolled = {number: max(0, units - own) for number, units in granted.items()}
    return Page(
        [
            GrantedPeriod(
                each,
                entitlement.currency,
                granted.get(each.period),
                rolled.get(each.period, 0),
                rolled.get(each.period + 1),
            )
            for each in page.items
        ],
        page.next_cursor,
    )


def _included(session: Session, licence_id: str, numbers: Sequence[int]) -> dict[int, int]:
    """Included units of these periods, and of the one after each."""
    wanted = {number + later for number in numbers for later in (0, 1)}
    statement = (
        select(AllowancePool.period, func.sum(AllowancePool.granted_units))
        .where(
            AllowancePool.licence_id == licence_id,
            AllowancePool.period.in_(wanted),
            AllowancePool.kind == PoolKind.INCLUDED.value,
            AllowancePool.granted_units.is_not(None),
        )
        .group_by(AllowancePool.period)
    )
    return {number: int(units or 0) for number, units in session.execute(statement)}


def _own_units(plan: PlanTerms) -> int:
    """What the plan includes in a period before anything rolls over."""
    return sum(pool.units or 0 for pool in pools_of(plan) if pool.kind is PoolKind.INCLUDED)
