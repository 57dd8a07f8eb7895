"""Whether a subscription goes on: its buyer may end it with the period that is paid."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.principals import Principal
from app.core.unit_of_work import UnitOfWork
from metering.errors import EntitlementNotFound, NothingToRenew, RenewalOver
from metering.events import RenewalChanged
from metering.models import Entitlement, LicencePeriod
from metering.plans.calendar import Span, span
from metering.plans.queries import term_of
from metering.plans.services import lock_entitlement
from metering.plans.terms import read_plan


def set_renewal(
    uow: UnitOfWork, principal: Principal, *, licence_id: str, is_renewing: bool
) -> Entitlement:
    """Say whether another period follows the last one that was opened; the same again is nothing.

    Everything else of the period that is paid stays: its units, its overage, its commitment. A
    period that waits for its fee is given up. Needs the exchange's reach; who asks is checked
    here. Raises `EntitlementNotFound`, `NothingToRenew`, `RenewalOver`.
    """
    # Under the lock that opening a period takes: either it is opened, or it never is.
    entitlement = lock_entitlement(uow.session, licence_id)
    if entitlement is None or entitlement.buyer_id != principal.organisation_id:
        raise EntitlementNotFound(licence_id)
    if entitlement.is_renewing is is_renewing and entitlement.state == "active":
        return entitlement
    last = _last_period(uow.session, licence_id)
    _check_may_change(uow, entitlement, last)
    if is_renewing:
        _go_on(entitlement, last)
    else:
        _end_with(uow, principal, entitlement, last)
    uow.record(
        RenewalChanged(
            occurred_at=uow.now,
            licence_id=licence_id,
            buyer_id=entitlement.buyer_id,
            supplier_id=entitlement.supplier_id,
            is_renewing=is_renewing,
            ends_at=entitlement.renewal_ends_at or entitlement.ends_at,
        )
    )
    return entitlement


def list_unrenewed(session: Session, *, at: datetime, limit: int) -> list[tuple[str, str]]:
    """Licences whose last period is over, and who said that it is the last; oldest first.

    One whose term is over ended by that, and is nobody's to give up.
    """
    rows = session.execute(
        select(Entitlement.licence_id, Entitlement.renewal_ended_by)
        .where(Entitlement.state == "active", Entitlement.renewal_ends_at <= at)
        .where(Entitlement.ends_at > at)
        .order_by(Entitlement.renewal_ends_at)
        .limit(limit)
    )
    return [(licence_id, person_id) for licence_id, person_id in rows if person_id is not None]


def _last_period(session: Session, licence_id: str) -> LicencePeriod:
    return session.scalars(
        select(LicencePeriod)
        .where(LicencePeriod.licence_id == licence_id)
        .order_by(LicencePeriod.period.desc())
        .limit(1)
    ).one()


def _check_may_change(uow: UnitOfWork, entitlement: Entitlement, last: LicencePeriod) -> None:
    if entitlement.state != "active":
        raise RenewalOver(entitlement.licence_id, entitlement.changed_at)
    ends_at = entitlement.renewal_ends_at
    if ends_at is not None and ends_at <= uow.now:
        raise RenewalOver(entitlement.licence_id, ends_at)
    plan = read_plan(entitlement.plan_terms)
    if not plan.period_fee or _next_span(uow.session, entitlement, last) is None:
        raise NothingToRenew(entitlement.licence_id)


def _next_span(session: Session, entitlement: Entitlement, last: LicencePeriod) -> Span | None:
    unit = read_plan(entitlement.plan_terms).billing_period
    return span(term_of(session, entitlement), unit, last.period + 1)


def _go_on(entitlement: Entitlement, last: LicencePeriod) -> None:
    entitlement.renewal_ends_at, entitlement.renewal_ended_by = None, None
    entitlement.next_period_at = last.until_at


def _end_with(
    uow: UnitOfWork, principal: Principal, entitlement: Entitlement, last: LicencePeriod
) -> None:
    ends_at = last.until_at
    if last.state == "unpaid":
        last.state, ends_at = "lapsed", max(last.from_at, uow.now)
    entitlement.next_period_at = None
    entitlement.renewal_ends_at, entitlement.renewal_ended_by = ends_at, principal.id
