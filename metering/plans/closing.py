"""A licence's period ends: what it comes to, what is given back, and what moves on."""

from dataclasses import dataclass

from sqlalchemy import Row, select, text, update
from sqlalchemy.orm import Session

from app.core.unit_of_work import UnitOfWork
from metering.events import PeriodClosed
from metering.models import AllowancePool, Entitlement, LicencePeriod
from metering.plans.bills import (
    LastOfTerm,
    TermPeriod,
    commitment_span,
    minimum_left,
    true_up_term,
)
from metering.plans.calendar import PeriodUnit, span
from metering.plans.pools import PoolKind, amount_of
from metering.plans.queries import (
    closed_before,
    has_open,
    left_over,
    others_of,
    paid_pools_of,
    term_of,
)
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

    def come_to(self, free_units: int, minimum_amount: int) -> LastOfTerm:
        """What the plan asks for the period's units, and what goes back of periods before it.

        A plan that counts over its term is trued up when no other period is open; until then a
        period comes to what its calls were charged.
        """
        paid, period = self.used.units - free_units, self.period
        if self.plan.period is not PeriodUnit.TERM:
            pools = paid_pools_of(self.session, period.licence_id, period.period)
            return LastOfTerm(min(amount_of(pools, paid), self.used.amount), 0)
        others = others_of(self.session, period)
        if self.entitlement.next_period_at is not None or has_open(others):
            return LastOfTerm(int(self.used.amount), 0)
        own = TermPeriod(paid, int(self.used.amount), minimum_amount)
        periods = {each.period: _closed(each) for each in others if each.state == "closed"}
        numbers = sorted({*periods, period.period})
        return true_up_term(
            paid_pools_of(self.session, period.licence_id, 1),
            [periods.get(number, own) for number in numbers],
            numbers.index(period.period),
        )

    def minimum(self) -> int:
        """What the period must come to, where the commitment's own ends with it, else 0 (10⁻⁸)."""
        minimum, entitlement = self.plan.minimum, self.entitlement
        if minimum is None:
            return 0
        term = term_of(self.session, entitlement)
        found = span(term, self.plan.billing_period, self.period.period)
        if found is None:
            return 0  # It was opened before a narrowing ended the term in front of it.
        whole = commitment_span(minimum, term, found)
        reached = sum(
            each.total_amount or 0
            for each in closed_before(self.session, self.period)
            if each.from_at >= whole.from_at
        )
        ends_at = entitlement.renewal_ends_at
        is_last = entitlement.state != "active" or (
            ends_at is not None and self.period.until_at >= ends_at
        )
        ended_at = self.period.until_at if is_last else None
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


def _closed(period: LicencePeriod) -> TermPeriod:
    return TermPeriod(
        (period.units or 0) - (period.free_units or 0),
        period.charged_amount or 0,
        period.minimum_amount or 0,
    )


def close_period(uow: UnitOfWork, entitlement: Entitlement, period: LicencePeriod) -> bool:
    """Settle what the period comes to; False while one of its leases is still out.

    Also while a next one of a plan that counts over its term is due: whether it lapses decides
    which period is the last.
    """
    plan = read_plan(entitlement.plan_terms)
    due_at = entitlement.next_period_at
    if plan.period is PeriodUnit.TERM and due_at is not None and due_at <= uow.now:
        return False
    given = {"licence_id": period.licence_id, "period": period.period}
    used = uow.session.execute(text(_USED), given).one()
    if used.open_leases:
        return False
    closing = _Closing(uow.session, entitlement, plan, period, used)
    free_units, minimum_amount = closing.free_units(), closing.minimum()
    come_to = closing.come_to(free_units, minimum_amount)
    period.units, period.free_units = used.units, free_units
    period.charged_amount, period.total_amount = used.amount, come_to.total_amount
    period.minimum_amount, period.returned_amount = minimum_amount, come_to.returned_amount
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
            returned_amount=period.returned_amount,
            currency=entitlement.currency,
            split=entitlement.split,
        )
    )
    return True
