"""A licence's period ends: what it comes to, what is given back, and what moves on."""

from dataclasses import dataclass

from sqlalchemy import Row, select, text, update
from sqlalchemy.orm import Session

from app.core.unit_of_work import UnitOfWork
from metering.events import PeriodClosed
from metering.models import AllowancePool, Entitlement, LicencePeriod
from metering.plans.bills import commitment_span, minimum_left
from metering.plans.calendar import PeriodUnit, span
from metering.plans.pools import PoolKind, amount_of
from metering.plans.queries import closed_before, left_over, paid_pools_of, term_of
from metering.plans.roll_over import carry_rest
from metering.plans.terms import PlanTerms, read_plan

_USED = """
SELECT count(*) FILTER (WHERE closed_at IS NULL) AS open_leases,
       coalesce(sum(spent_units), 0)::bigint AS units,
       coalesce(sum(spent_free_units), 0)::bigint AS free_units,
       coalesce(sum(spent_amount), 0)::bigint AS amount,
       coalesce(sum(spent_units - spent_free_units) FILTER (
           WHERE ends_at <= (SELECT until_at FROM allowance_pools AS p
                             WHERE p.licence_id = l.licence_id AND p.kind = 'trial')), 0)::bigint
           AS paid_in_trial
FROM leases AS l WHERE licence_id = :licence_id AND period = :period
"""
_Used = Row[tuple[int, int, int, int, int]]


@dataclass(frozen=True)
class _Closing:
    """One period with the sums over its leases."""

    session: Session
    entitlement: Entitlement
    plan: PlanTerms
    period: LicencePeriod
    used: _Used

    def free_units(self) -> int:
        """Free units of the period, with those that were idle elsewhere while calls were paid."""
        used = self.used
        paid, in_trial = used.units - used.free_units, used.paid_in_trial
        given = 0
        for pool in self.session.scalars(
            select(AllowancePool)
            .where(
                AllowancePool.licence_id == self.period.licence_id,
                AllowancePool.kind.in_([PoolKind.TRIAL.value, PoolKind.FREE.value]),
            )
            .order_by(AllowancePool.position)
        ):
            most = min(paid, in_trial) if pool.kind == PoolKind.TRIAL else paid
            taken = min(most, pool.remaining_units or 0)
            pool.spent_units += taken
            paid, in_trial, given = paid - taken, in_trial - taken, given + taken
        return int(used.free_units) + given

    def total(self, free_units: int) -> int:
        """What the plan asks for the period's units (10⁻⁸).

        A plan that counts over its term is trued up with its last period; until then a period
        comes to what was charged.
        """
        paid, period = self.used.units - free_units, self.period
        if self.plan.period is not PeriodUnit.TERM:
            return amount_of(paid_pools_of(self.session, period.licence_id, period.period), paid)
        if not self._is_last():
            return int(self.used.amount)
        before = closed_before(self.session, period)
        paid += sum((each.units or 0) - (each.free_units or 0) for each in before)
        whole = amount_of(paid_pools_of(self.session, period.licence_id, 1), paid)
        return whole - sum(each.total_amount or 0 for each in before)

    def _is_last(self) -> bool:
        entitlement = self.entitlement
        is_ended = entitlement.state != "active" or self.period.until_at >= entitlement.ends_at
        return entitlement.next_period_at is None and is_ended

    def minimum(self) -> int:
        """What the period must come to, where the commitment's own ends with it, else 0 (10⁻⁸)."""
        minimum, entitlement = self.plan.minimum, self.entitlement
        if minimum is None:
            return 0
        term = term_of(entitlement)
        found = span(term, self.plan.billing_period, self.period.period)
        assert found is not None, "a period of the licence is a span of its term"
        whole = commitment_span(minimum, term, found)
        reached = sum(
            each.total_amount or 0
            for each in closed_before(self.session, self.period)
            if each.from_at >= whole.from_at
        )
        ended_at = self.period.until_at if entitlement.state != "active" else None
        return minimum_left(minimum, term, found, reached=reached, ended_at=ended_at)

    def carry_on(self) -> None:
        """Add what is left over to the next period, if that was opened before this one closed."""
        carried = left_over(self.session, self.plan, self.period)
        if carried:
            self.session.execute(
                update(AllowancePool)
                .where(
                    AllowancePool.licence_id == self.period.licence_id,
                    AllowancePool.period == self.period.period + 1,
                    AllowancePool.kind == PoolKind.INCLUDED.value,
                )
                .values(granted_units=AllowancePool.granted_units + carried)
            )


def close_period(uow: UnitOfWork, entitlement: Entitlement, period: LicencePeriod) -> bool:
    """Settle what the period comes to; False while one of its leases is still out."""
    plan = read_plan(entitlement.plan_terms)
    given = {"licence_id": period.licence_id, "period": period.period}
    used = uow.session.execute(text(_USED), given).one()
    if used.open_leases:
        return False
    closing = _Closing(uow.session, entitlement, plan, period, used)
    free_units = closing.free_units()
    total = closing.total(free_units)
    period.units, period.free_units = used.units, free_units
    period.charged_amount, period.total_amount = used.amount, min(total, used.amount)
    period.minimum_amount = closing.minimum()
    period.state, period.closed_at = "closed", uow.now
    uow.session.flush()
    closing.carry_on()
    carry_rest(uow.session, plan, entitlement)
    uow.record(
        PeriodClosed(
            occurred_at=uow.now,
            licence_id=entitlement.licence_id,
            buyer_id=entitlement.buyer_id,
            supplier_id=entitlement.supplier_id,
            period=period.period,
            from_at=period.from_at,
            until_at=period.until_at,
            units=used.units,
            charged_amount=used.amount,
            total_amount=period.total_amount,
            minimum_amount=period.minimum_amount,
            currency=entitlement.currency,
            split=entitlement.split,
        )
    )
    return True
