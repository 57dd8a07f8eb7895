"""A licence's periods begin: with their pools, and with their fee."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.core.unit_of_work import UnitOfWork
from metering.events import PeriodFeeUnpaid, PeriodOpened
from metering.models import AllowancePool, Entitlement, LicencePeriod
from metering.plans.calendar import Span, span
from metering.plans.pools import Pool, PoolKind, pools_of
from metering.plans.queries import carried_into, term_of
from metering.plans.terms import read_plan

RETRY_SECONDS = 60.0
"""How long an unpaid fee or a closing that failed waits for its next try."""


def lock_entitlement(session: Session, licence_id: str) -> Entitlement | None:
    """The entitlement, locked against leases and other workers' steps; None when there is none."""
    return session.scalars(
        select(Entitlement)
        .where(Entitlement.licence_id == licence_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()


def open_first_period(uow: UnitOfWork, entitlement: Entitlement) -> None:
    """The period that begins with the licence, in the transaction that grants it."""
    first = span(term_of(entitlement), read_plan(entitlement.plan_terms).billing_period, 1)
    assert first is not None, "a licence ends after it begins"
    period = _new_period(uow, entitlement, first)
    _open(uow, entitlement, period)
    _announce_next(entitlement, first.number)


def begin_next_period(uow: UnitOfWork, entitlement: Entitlement) -> LicencePeriod | None:
    """The period that is due next, opened; None when it is over before it could be opened."""
    found = _next_span(uow.session, entitlement)
    period = _new_period(uow, entitlement, found)
    _announce_next(entitlement, found.number)
    if found.until_at <= uow.now:
        period.state = "lapsed"
        return None
    _open(uow, entitlement, period)
    return period


def note_unpaid(uow: UnitOfWork, entitlement: Entitlement) -> None:
    """The next period's fee was not to be had: calls are refused until it is."""
    found = _next_span(uow.session, entitlement)
    period = _new_period(uow, entitlement, found)
    period.state = "unpaid"
    period.try_at = uow.now + timedelta(seconds=RETRY_SECONDS)
    _announce_next(entitlement, found.number)
    uow.record(
        PeriodFeeUnpaid(
            occurred_at=uow.now,
            licence_id=entitlement.licence_id,
            buyer_id=entitlement.buyer_id,
            period=period.period,
            from_at=period.from_at,
            until_at=period.until_at,
            fee_amount=period.fee_amount,
            currency=entitlement.currency,
        )
    )


def pay_period(uow: UnitOfWork, entitlement: Entitlement, period: LicencePeriod) -> None:
    """Open an unpaid period; one that is over, or whose licence ended, lapses for nothing."""
    if period.until_at <= uow.now or entitlement.state != "active":
        period.state = "lapsed"
    else:
        _open(uow, entitlement, period)


def _next_span(session: Session, entitlement: Entitlement) -> Span:
    last = session.scalar(
        select(func.max(LicencePeriod.period)).where(
            LicencePeriod.licence_id == entitlement.licence_id
        )
    )
    unit = read_plan(entitlement.plan_terms).billing_period
    found = span(term_of(entitlement), unit, (last or 0) + 1)
    assert found is not None, "the next period's start is only kept while there is one"
    return found


def _announce_next(entitlement: Entitlement, number: int) -> None:
    unit = read_plan(entitlement.plan_terms).billing_period
    following = span(term_of(entitlement), unit, number + 1)
    entitlement.next_period_at = None if following is None else following.from_at


def _new_period(uow: UnitOfWork, entitlement: Entitlement, found: Span) -> LicencePeriod:
    period = LicencePeriod(
        licence_id=entitlement.licence_id,
        period=found.number,
        buyer_id=entitlement.buyer_id,
        supplier_id=entitlement.supplier_id,
        state="open",
        from_at=found.from_at,
        until_at=found.until_at,
        try_at=found.until_at,
        fee_amount=read_plan(entitlement.plan_terms).period_fee,
    )
    uow.session.add(period)
    return period


def _open(uow: UnitOfWork, entitlement: Entitlement, period: LicencePeriod) -> None:
    plan = read_plan(entitlement.plan_terms)
    carried = carried_into(uow.session, entitlement.licence_id, plan, period.period)
    period.state, period.opened_at, period.try_at = "open", uow.now, period.until_at
    uow.session.flush()
    uow.session.add_all(_pools(uow, entitlement, period, pools_of(plan, carried_units=carried)))
    uow.record(
        PeriodOpened(
            occurred_at=uow.now,
            licence_id=entitlement.licence_id,
            buyer_id=entitlement.buyer_id,
            supplier_id=entitlement.supplier_id,
            period=period.period,
            from_at=period.from_at,
            until_at=period.until_at,
            fee_amount=period.fee_amount,
            currency=entitlement.currency,
            split=entitlement.split,
        )
    )


def _pools(
    uow: UnitOfWork, entitlement: Entitlement, period: LicencePeriod, pools: tuple[Pool, ...]
) -> Iterator[AllowancePool]:
    plan = read_plan(entitlement.plan_terms)
    for position, pool in enumerate(pools, start=1):
        if pool.is_of_term and period.period > 1:
            continue
        ends_at = entitlement.ends_at if pool.is_of_term else period.until_at
        if pool.kind is PoolKind.TRIAL:
            ends_at = min(ends_at, entitlement.starts_at + timedelta(days=plan.trial_days))
        yield AllowancePool(
            pool_id=uow.ids.new("pol"),
            licence_id=entitlement.licence_id,
            period=period.period,
            position=position,
            buyer_id=entitlement.buyer_id,
            supplier_id=entitlement.supplier_id,
            kind=pool.kind.value,
            unit_price=pool.unit_price,
            granted_units=pool.units,
            from_at=period.from_at,
            until_at=ends_at,
        )


def end_periods(uow: UnitOfWork, licence_id: str) -> None:
    """A licence ended early: its periods end now, and are closed when their leases are back."""
    given = {"licence_id": licence_id, "at": uow.now}
    for statement in _END_PERIODS:
        uow.session.execute(text(statement), given)


_END_PERIODS = (
    "UPDATE entitlements SET next_period_at = NULL WHERE licence_id = :licence_id",
    """
    UPDATE licence_periods SET state = 'lapsed'
    WHERE licence_id = :licence_id AND state = 'unpaid'
    """,
    """
    UPDATE licence_periods SET until_at = greatest(from_at, least(until_at, :at)), try_at = :at
    WHERE licence_id = :licence_id AND state = 'open'
    """,
)
