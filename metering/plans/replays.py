"""Real usage priced again under another plan, by the code that closes periods.

The database counts: whatever the number of calls, only a row per period and kind of outcome comes
here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from metering.errors import ReplayNotPossible
from metering.models import Entitlement, LicencePeriod
from metering.plans.bills import PeriodBill, PeriodUsage, bill_periods, packages_of
from metering.plans.calendar import PeriodUnit, Span, Term, spans
from metering.plans.queries import term_of
from metering.plans.terms import PlanTerms, Unit, read_plan

_MOMENT = timedelta(microseconds=1)
OTHER_CURRENCY = "The plan is in another currency than the usage."
OTHER_UNIT = "The plan counts what the recorded calls did not count."


@dataclass(frozen=True, kw_only=True)
class ReplayedPeriod:
    """A period of the plan that is tried, inside the range asked for; amounts at 10⁻⁸."""

    licence_id: str
    period: int
    from_at: datetime
    until_at: datetime
    units: int
    free_units: int
    refused_units: int
    charged_amount: int
    """What was really charged: calls, fees and orders, less what was given back."""
    replayed_amount: int

    @property
    def difference_amount(self) -> int:
        """What the buyer would have paid more, or less."""
        return self.replayed_amount - self.charged_amount


@dataclass(frozen=True)
class _Used:
    """Usage between two instants."""

    units: int = 0
    trial_units: int = 0
    amount: int = 0

    def __add__(self, other: "_Used") -> "_Used":
        return _Used(
            self.units + other.units,
            self.trial_units + other.trial_units,
            self.amount + other.amount,
        )


# A call belongs to the period in which it was admitted, that is its lease's.
_COUNT = """
SELECT width_bucket(least(u.occurred_at, l.ends_at - interval '1 microsecond'),
                    CAST(:bounds AS timestamptz[])) AS bucket,
       u.outcome = 'miss' AS is_miss, count(*) AS calls,
       sum(u.units)::bigint AS units, sum(u.amount)::bigint AS amount
FROM usage_events AS u LEFT JOIN leases AS l ON l.lease_id = u.lease_id
WHERE u.licence_id = :licence_id GROUP BY 1, 2
"""


def replay(
    session: Session,
    entitlement: Entitlement,
    plan: PlanTerms,
    *,
    from_at: datetime,
    until_at: datetime,
) -> list[ReplayedPeriod]:
    """A licence's usage from an instant (included) to another (not), under another plan.

    A period that the range cuts counts from its own beginning, so that steps of prices are
    reached as they were. The session must reach the exchange's rows. Raises `ReplayNotPossible`.
    """
    held = read_plan(entitlement.plan_terms)
    _check(held, plan)
    if from_at >= until_at:
        return []
    term = term_of(session, entitlement)
    # A package or year expires, and another is bought, by the month: as in a quote.
    unit = PeriodUnit.MONTH if plan.is_prepaid else plan.billing_period
    found = list(spans(term, unit, until_at=until_at))
    trial_ends_at = term.starts_at + timedelta(days=plan.trial_days)
    bounds = sorted({each.from_at for each in found} | {from_at, until_at, trial_ends_at})
    counted = _count(session, entitlement.licence_id, bounds, _Recount(held.unit, plan.unit))
    usage = _Usage(bounds, counted, trial_ends_at)
    trial = _Trial(entitlement.licence_id, plan, usage, from_at, until_at)
    whole = _bill(plan, term, found, usage, until_at=until_at)
    before = _bill(plan, term, found, usage, until_at=from_at)
    paid = list(_paid(session, entitlement, held, began_at=term.starts_at))
    bought = packages_of(plan, whole), packages_of(plan, before)
    return [
        trial.row(each, earlier, paid, packages)
        for each, earlier, *packages in zip(whole, before, *bought, strict=True)
        if each.span.until_at > from_at
    ]


def _check(held: PlanTerms, plan: PlanTerms) -> None:
    if plan.currency != held.currency:
        raise ReplayNotPossible(OTHER_CURRENCY)
    if plan.unit in {Unit.ROW, Unit.UNIT} and plan.unit is not held.unit:
        raise ReplayNotPossible(OTHER_UNIT)


@dataclass(frozen=True)
class _Recount:
    """What recorded calls count as under another unit."""

    held: Unit
    wanted: Unit

    def units(self, row: Row[tuple[int, bool, int, int, int]]) -> int:
        if self.wanted is Unit.CALL:
            return int(row.calls)
        if self.wanted is Unit.HIT:
            return 0 if row.is_miss else int(row.calls)
        return int(row.units)


def _count(
    session: Session, licence_id: str, bounds: Sequence[datetime], recount: _Recount
) -> Mapping[int, _Used]:
    given = {"licence_id": licence_id, "bounds": list(bounds)}
    counted: dict[int, _Used] = {}
    for row in session.execute(text(_COUNT), given):
        used = _Used(recount.units(row), 0, int(row.amount))
        counted[row.bucket] = counted.get(row.bucket, _Used()) + used
    return counted


@dataclass(frozen=True)
class _Usage:
    """Usage by the bounds between which it fell."""

    bounds: Sequence[datetime]
    counted: Mapping[int, _Used]
    trial_ends_at: datetime

    def between(self, from_at: datetime, until_at: datetime) -> _Used:
        """Usage between two instants that are bounds, or lie beyond them."""
        total = _Used()
        for bucket, used in self.counted.items():
            begins_at = self.bounds[bucket - 1] if bucket else None
            if begins_at is not None and from_at <= begins_at < until_at:
                in_trial = used.units if begins_at < self.trial_ends_at else 0
                total += replace(used, trial_units=in_trial)
        return total


def _bill(
    plan: PlanTerms,
    term: Term,
    found: Iterable[Span],
    usage: _Usage,
    *,
    until_at: datetime,
) -> tuple[PeriodBill, ...]:
    usages = []
    for each in found:
        used = usage.between(each.from_at, min(each.until_at, until_at))
        usages.append(PeriodUsage(each, used.units, used.trial_units))
    return bill_periods(plan, term, usages)


@dataclass(frozen=True)
class _Paid:
    """What was charged or given back beside calls, at an instant."""

    at: datetime
    amount: int


def _paid(
    session: Session, entitlement: Entitlement, held: PlanTerms, *, began_at: datetime
) -> Iterator[_Paid]:
    """Orders and fees when their time began, and what closing a period changed when it ended."""
    if held.is_prepaid:
        yield _Paid(began_at, held.package_price)
    statement = select(LicencePeriod).where(
        LicencePeriod.licence_id == entitlement.licence_id,
        LicencePeriod.state.in_(("open", "closed")),
    )
    for period in session.scalars(statement):
        yield _Paid(period.from_at, period.fee_amount)
        if period.state == "closed":
            due = max(period.total_amount or 0, period.minimum_amount or 0)
            ended_at = max(period.from_at, period.until_at - _MOMENT)
            yield _Paid(ended_at, due - (period.charged_amount or 0) - period.returned_amount)


@dataclass(frozen=True)
class _Trial:
    """A plan that is tried on a licence's usage in a range."""

    licence_id: str
    plan: PlanTerms
    usage: _Usage
    from_at: datetime
    until_at: datetime

    def row(
        self,
        bill: PeriodBill,
        earlier: PeriodBill,
        paid: Iterable[_Paid],
        packages: Sequence[int],
    ) -> ReplayedPeriod:
        """One period: what its bill adds to the bill of what came before the range.

        ``packages``: how many are bought in the period, and before the range.
        """
        begins_at = max(bill.span.from_at, self.from_at)
        ends_at = min(bill.span.until_at, self.until_at)
        charged = self.usage.between(begins_at, ends_at).amount
        charged += sum(each.amount for each in paid if begins_at <= each.at < ends_at)
        return ReplayedPeriod(
            licence_id=self.licence_id,
            period=bill.span.number,
            from_at=begins_at,
            until_at=ends_at,
            units=bill.units - earlier.units,
            free_units=bill.free_units - earlier.free_units,
            refused_units=bill.refused_units - earlier.refused_units,
            charged_amount=charged,
            replayed_amount=self._replayed(bill, earlier, *packages),
        )

    def _replayed(self, bill: PeriodBill, earlier: PeriodBill, bought: int, had: int) -> int:
        begins_here = bill.span.from_at >= self.from_at
        amount = bill.usage_amount - earlier.usage_amount
        amount += bill.fee_amount if begins_here else 0
        amount += bill.missing_amount if bill.span.until_at <= self.until_at else 0
        return amount + (bought - (0 if begins_here else had)) * self.plan.package_price
