"""Units of a package that move on when the same plan is ordered again before they run out."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.unit_of_work import UnitOfWork
from metering.models import AllowancePool, Entitlement
from metering.plans.pools import PoolKind
from metering.plans.terms import PlanKind, PlanTerms, read_plan


def carry_package(uow: UnitOfWork, entitlement: Entitlement) -> None:
    """Move what older packages of the same plan have left to a new one: at most one package.

    What is out on lease stays; the rest of it moves when the older licence's period closes.
    """
    plan = read_plan(entitlement.plan_terms)
    if plan.kind is not PlanKind.PACKAGE or not plan.has_roll_over:
        return
    older = uow.session.scalars(
        select(Entitlement)
        .where(
            Entitlement.buyer_id == entitlement.buyer_id,
            Entitlement.plan_id == entitlement.plan_id,
            Entitlement.licence_id != entitlement.licence_id,
            Entitlement.state == "active",
            Entitlement.ends_at > uow.now,
            Entitlement.carried_to.is_(None),
        )
        # In one order, so that two orders of one buyer cannot wait for each other in a ring.
        .order_by(Entitlement.licence_id)
        .with_for_update(key_share=True)
    ).all()
    for each in older:
        each.carried_to = entitlement.licence_id
        _move(uow.session, plan, each, entitlement)


def carry_rest(session: Session, plan: PlanTerms, closed: Entitlement) -> None:
    """Move what came back from leases after the newer package was ordered."""
    if closed.carried_to is None:
        return
    newer = session.scalars(
        select(Entitlement)
        .where(Entitlement.licence_id == closed.carried_to, Entitlement.state == "active")
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if newer is not None:
        _move(session, plan, closed, newer)


def _move(session: Session, plan: PlanTerms, older: Entitlement, newer: Entitlement) -> None:
    pool = session.scalars(
        select(AllowancePool)
        .where(
            AllowancePool.licence_id == older.licence_id,
            AllowancePool.kind == PoolKind.INCLUDED.value,
        )
        .execution_options(populate_existing=True)
    ).one()
    room = max(0, (plan.package_units or 0) - newer.carried_units)
    units = min(pool.remaining_units or 0, room)
    if not units:
        return
    pool.granted_units = (pool.granted_units or 0) - units
    older.granted_units = (older.granted_units or 0) - units
    newer.granted_units = (newer.granted_units or 0) + units
    newer.carried_units += units
    session.execute(
        update(AllowancePool)
        .where(
            AllowancePool.licence_id == newer.licence_id,
            AllowancePool.kind == PoolKind.INCLUDED.value,
        )
        .values(granted_units=AllowancePool.granted_units + units)
    )
