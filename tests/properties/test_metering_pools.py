"""Whatever the plan and however its calls fall, their marginal prices sum to the plan's total."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.plans.bills import PeriodUsage, bill_periods
from metering.plans.calendar import PeriodUnit, Term, boundary, span, span_at, spans
from metering.plans.pools import (
    UnitsBeyondPools,
    amount_of,
    fill,
    pools_of,
    total_amount,
    units_max,
)
from metering.plans.quotes import quote_periods
from metering.plans.terms import PlanKind, read_plan
from tests.factories.plans import bounded_plans, plans, steps, tiered, usage_plans

START = datetime(2026, 1, 31, 6, 30, tzinfo=UTC)
counts = st.integers(0, 700)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- hypothesis adds the zone
units_of_time = st.sampled_from([PeriodUnit.MONTH, PeriodUnit.QUARTER, PeriodUnit.YEAR])


@given(terms=usage_plans, parts=st.lists(st.integers(0, 90), max_size=30))
def test_marginal_amounts_sum_to_the_total_at_any_split(terms, parts):
    pools, done, paid = pools_of(read_plan(terms)), 0, 0
    for part in parts:
        marginal = amount_of(pools, done + part) - amount_of(pools, done)
        assert type(marginal) is int
        assert marginal >= 0
        done, paid = done + part, paid + marginal
    assert paid == total_amount(read_plan(terms), done)


@given(terms=plans, units=counts)
def test_pools_hold_every_unit_once_and_in_order(terms, units):
    pools = pools_of(read_plan(terms))
    most = units_max(pools)
    if most is not None and units > most:
        with pytest.raises(UnitsBeyondPools) as beyond:
            fill(pools, units)
        assert beyond.value.units_max == most
        return
    taken = fill(pools, units)
    assert sum(taken) == units
    used_up = [pool.units == count for pool, count in zip(pools, taken, strict=True)]
    begun = [count > 0 for count in taken]
    assert all(used_up[: max((at for at, is_in in enumerate(begun) if is_in), default=0)])


@given(ends=steps(), units=st.integers(1, 700))
def test_a_volume_costs_the_least_of_itself_and_any_greater_volume(ends, units):
    plan = read_plan(tiered("volume", *ends))

    def by_definition(count):
        tier = next(tier for tier in plan.tiers if tier.up_to is None or count <= tier.up_to)
        return count * tier.unit_price

    cheapest = min(by_definition(count) for count in range(units, max(units, 301) + 1))
    assert total_amount(plan, units) == cheapest


@given(ends=steps(), units=counts)
def test_a_graduated_amount_is_each_units_own_step(ends, units):
    plan = read_plan(tiered("graduated", *ends))
    singly = sum(
        next(tier for tier in plan.tiers if tier.up_to is None or number <= tier.up_to).unit_price
        for number in range(1, units + 1)
    )
    assert total_amount(plan, units) == singly


@given(terms=bounded_plans, units=st.integers(1, 1000))
def test_what_a_plan_does_not_sell_is_refused_or_bought_again(terms, units):
    plan = read_plan(terms)
    quote = quote_periods(plan, [units], starts_at=START)
    if plan.is_prepaid:
        assert (quote.packages - 1) * plan.package_units < units
        assert units <= quote.packages * plan.package_units
        assert quote.refused_units == 0
    else:
        assert quote.refused_units == max(0, units - plan.included_units)


@given(terms=usage_plans, months=st.lists(counts, min_size=1, max_size=8), data=st.data())
def test_a_bill_does_not_depend_on_where_a_period_is_cut(terms, months, data):
    """Usage up to an instant, and usage to the end, differ by what comes between."""
    plan = read_plan(terms)
    term = Term(START, boundary(START, PeriodUnit.YEAR, 3))
    unit = plan.billing_period
    whole = [
        PeriodUsage(found, units)
        for found, units in zip(spans(term, unit, until_at=term.ends_at), months, strict=False)
    ]
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.integers(0, whole[at].units))
    before = bill_periods(plan, term, [*whole[:at], PeriodUsage(whole[at].span, cut)])
    after = bill_periods(plan, term, whole[: at + 1])
    assert before[:-1] == after[:-1]
    assert after[-1].usage_amount >= before[-1].usage_amount
    assert after[-1].free_units >= before[-1].free_units


@given(terms=usage_plans, months=st.lists(counts, min_size=1, max_size=14))
def test_bills_count_every_unit_and_keep_the_commitment(terms, months):
    plan = read_plan(terms)
    quote = quote_periods(plan, months, starts_at=START)
    assert sum(bill.units for bill in quote.periods) == quote.units == sum(months)
    assert quote.free_units <= plan.free_units + plan.trial_units
    assert quote.total_amount == sum(bill.total_amount for bill in quote.periods)
    if plan.minimum is not None:
        whole = {"month": 1, "quarter": 3, "year": 12}.get(plan.minimum.period.value)
        times = 1 if whole is None else len(months) // whole
        assert quote.total_amount >= times * plan.minimum.amount


@given(months=st.lists(st.integers(0, 200), min_size=1, max_size=12), included=st.integers(1, 100))
def test_rolling_over_never_costs_more_and_carries_at_most_one_period(months, included):
    terms = {"kind": "subscription", "unit": "call", "currency": "CNY", "calls_per_second": 1}
    terms |= {"period": "month", "period_fee": "1", "overage_price": "1", "free_units": 0}
    plain = read_plan(terms | {"included_units": included})
    carry = read_plan(terms | {"included_units": included, "roll_over": "carry"})
    first, second = (quote_periods(plan, months, starts_at=START) for plan in (plain, carry))
    assert second.usage_amount <= first.usage_amount
    for before, bill in zip(second.periods, second.periods[1:], strict=False):
        left = max(0, included - before.units)
        assert bill.usage_amount >= max(0, bill.units - 2 * included) * 10**8
        if not left and plain.kind is PlanKind.SUBSCRIPTION and before.units >= 2 * included:
            assert bill.usage_amount == max(0, bill.units - included) * 10**8


@given(start=instants, unit=units_of_time, count=st.integers(1, 60))
def test_periods_meet_and_keep_their_day_or_the_months_last(start, unit, count):
    term = Term(start, boundary(start, unit, 80))
    one, two = span(term, unit, count), span(term, unit, count + 1)
    assert one.until_at == two.from_at
    assert one.from_at < one.until_at
    ours = timedelta(hours=8)
    day, first = (one.until_at + ours).day, (start + ours).day
    assert day == first or (day < first and (one.until_at + ours + timedelta(days=1)).day == 1)


@given(start=instants, unit=units_of_time, seconds=st.integers(0, 10**8))
def test_every_instant_of_a_term_is_in_one_period(start, unit, seconds):
    term, at = Term(start, start + timedelta(days=1300)), start + timedelta(seconds=seconds)
    found = span_at(term, unit, at)
    if at >= term.ends_at:
        assert found is None
    else:
        assert found.from_at <= at < found.until_at
        assert found == span(term, unit, found.number)


@given(amount=st.integers(0, 10**18), cut=st.integers(1, 365 * 86_400))
def test_a_commitment_that_is_cut_short_is_owed_in_proportion(amount, cut):
    term = Term(START, START + timedelta(seconds=cut))
    found = span(term, PeriodUnit.YEAR, 1)
    owed = found.in_proportion(amount)
    assert 0 <= owed <= amount
    whole = boundary(START, PeriodUnit.YEAR, 1) - START
    assert owed == amount * cut // int(whole.total_seconds())
