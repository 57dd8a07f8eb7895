"""A licence's periods begin: with their pools, and with their fee."""

from collections.abc import Iterator
from datetime import datetime, timedelta

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
    unit = read_plan(entitlement.plan_terms).billing_period
    first = span(term_of(uow.session, entitlement), unit, 1)
    assert first is not None, "a licence ends after it begins"
    _announce_next(uow.session, entitlement, first.number)
    _open(uow, entitlement, _new_period(uow, entitlement, first))


def begin_next_period(uow: UnitOfWork, entitlement: Entitlement) -> LicencePeriod | None:
    """The period that is due next, opened; None when it is over before a call could be made."""
    found = _next_span(uow.session, entitlement)
    _announce_next(uow.session, entitlement, found.number)
    period = _new_period(uow, entitlement, found)
    if found.until_at <= _first_use(uow, entitlement):
        period.state = "lapsed"
        return None
    _open(uow, entitlement, period)
    return period


def note_unpaid(uow: UnitOfWork, entitlement: Entitlement) -> None:
    """The next period's fee was not to be had: calls are refused until it is."""
    found = _next_span(uow.session, entitlement)
    _announce_next(uow.session, entitlement, found.number)
    period = _new_period(uow, entitlement, found)
    period.state = "unpaid"
    period.try_at = uow.now + timedelta(seconds=RETRY_SECONDS)
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
    if period.until_at <= _first_use(uow, entitlement) or entitlement.state != "active":
        period.state = "lapsed"
    else:
        _open(uow, entitlement, period)


def _first_use(uow: UnitOfWork, entitlement: Entitlement) -> datetime:
    """From when on calls may be made: a narrowed licence may start later than now."""
    return max(uow.now, entitlement.starts_at)


def _next_span(session: Session, entitlement: Entitlement) -> Span:
    last = session.scalar(
        select(func.max(LicencePeriod.period)).where(
            LicencePeriod.licence_id == entitlement.licence_id
        )
    )
    unit = read_plan(entitlement.plan_terms).billing_period
    found = span(term_of(session, entitlement), unit, (last or 0) + 1)
    assert found is not None, "the next period's start is only kept while there is one"
    return found


def _announce_next(session: Session, entitlement: Entitlement, number: int) -> None:
    unit = read_plan(entitlement.plan_terms).billing_period
    following = span(term_of(session, entitlement), unit, number + 1)
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


def narrow_periods(uow: UnitOfWork, licence_id: str, ends_at: datetime) -> None:
    """A licence will end sooner: its periods end with it, and none begins afterwards."""
    given = {"licence_id": licence_id, "at": ends_at}
    for statement in _NARROW_PERIODS:
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

_NARROW_PERIODS = (
    """
    UPDATE entitlements SET next_period_at = NULL
    WHERE licence_id = :licence_id AND next_period_at >= :at
    """,
    """
    UPDATE licence_periods SET state = 'lapsed'
    WHERE licence_id = :licence_id AND state = 'unpaid' AND from_at >= :at
    """,
    """
    UPDATE licence_periods
    SET until_at = greatest(from_at, :at), try_at = least(try_at, greatest(from_at, :at))
    WHERE licence_id = :licence_id AND state IN ('open', 'unpaid') AND until_at > :at
    """,
)
