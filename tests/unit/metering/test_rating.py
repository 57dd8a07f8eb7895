"""Rating: whole numbers, free units first, nothing for failures."""

import pytest

from metering.answers.outcomes import CLIENT_ERROR, MISS, Outcome, OutcomeKind
from metering.plans.pools import granted_free_units, granted_units
from metering.plans.quotes import PoolLeft, Quote, quote_next, quote_periods
from metering.plans.rating import Charge, count_units, rate_usage
from metering.plans.terms import PlanNotReadable, Unit, read_plan
from tests.factories.metering import package, per_call
from tests.factories.plans import yearly
from tests.fakes.clock import START

HIT = Outcome(OutcomeKind.HIT, 1)
ROWS = Outcome(OutcomeKind.ROWS, 7)


@pytest.mark.parametrize(
    ("unit", "outcome", "units"),
    [
        (Unit.CALL, HIT, 1),
        (Unit.CALL, MISS, 1),
        (Unit.CALL, ROWS, 1),
        (Unit.CALL, CLIENT_ERROR, 0),
        (Unit.HIT, HIT, 1),
        (Unit.HIT, MISS, 0),
        (Unit.HIT, ROWS, 1),
        (Unit.ROW, ROWS, 7),
        (Unit.ROW, MISS, 0),
    ],
)
def test_units_follow_the_outcome(unit, outcome, units):
    assert count_units(unit, outcome) == units


def test_an_amount_is_units_times_price():
    steps = [(10, 40_000_000)]
    assert rate_usage(3, free_units_left=0, steps=steps) == Charge(3, 0, 120_000_000)


def test_an_amount_that_no_float_holds_is_exact():
    price = 2**53 + 1
    assert rate_usage(3, free_units_left=0, steps=[(3, price)]).amount == 3 * price


def test_free_units_are_taken_first():
    steps = [(10, 40_000_000)]
    assert rate_usage(7, free_units_left=5, steps=steps) == Charge(7, 5, 80_000_000)


def test_units_of_a_package_cost_nothing_more():
    assert rate_usage(3, free_units_left=0, steps=[(9, 0)]) == Charge(3, 0, 0)


def test_a_call_over_two_prices_pays_each_units_own():
    steps = [(2, 50_000_000), (5, 20_000_000)]
    assert rate_usage(5, free_units_left=1, steps=steps) == Charge(5, 1, 140_000_000)


def test_a_quote_for_a_volume_is_what_the_calls_would_cost():
    plan = read_plan(per_call(free_units=10))
    assert quote_periods(plan, [110], starts_at=START) == Quote(110, 10, 0, 0, 100 * 40_000_000)


def test_a_quote_counts_trial_units_in_the_trials_own_period_only():
    plan = read_plan(per_call(trial_units=5, trial_days=10))
    quoted = quote_periods(plan, [3, 9], starts_at=START)
    assert (quoted.free_units, quoted.usage_amount) == (3, 9 * 40_000_000)


def test_a_running_licences_next_units_are_free_as_long_as_its_free_pools_last():
    pools = [PoolLeft(is_free=True, unit_price=0, left=2), PoolLeft(False, 40_000_000, None)]
    assert quote_next(pools, 5) == Quote(5, 2, 0, 0, 3 * 40_000_000)


def test_a_packages_free_units_are_part_of_what_it_sells():
    plan = read_plan(package(1000, free_units=50))
    assert (granted_units(plan), granted_free_units(plan)) == (1050, 0)
    assert quote_periods(plan, [1050], starts_at=START).packages == 1


def test_a_quote_beyond_one_package_needs_another():
    quote = quote_periods(read_plan(package(1000)), [1001], starts_at=START)
    assert (quote.packages, quote.total_amount) == (2, 2 * 300 * 10**8)


@pytest.mark.parametrize(
    ("plan", "months", "packages"),
    [
        (yearly(), [1] * 12, 1),
        (yearly(), [1] * 13, 2),
        (yearly(100), [5] * 24, 2),
        (yearly(100), [0] * 11 + [150, 60, 0], 3),
        (package(1000, valid_days=31), [10, 0, 10], 2),
        (package(1000, valid_days=365), [600, 600, 600], 2),
        (package(1000, valid_days=62), [600, 600, 100, 800], 3),
        (package(1000, valid_days=365), [0, 0], 1),
    ],
)
def test_a_quote_buys_again_what_expires_before_the_units_are_wanted(plan, months, packages):
    assert quote_periods(read_plan(plan), months, starts_at=START).packages == packages


@pytest.mark.parametrize(
    "terms",
    [
        {},
        per_call(kind="loan"),
        per_call(unit="weight"),
        per_call(unit_price="0,40"),
        per_call(unit_price=0.4),
        per_call(calls_per_second=0),
        package(0),
        package(1000.0),
        package(1000) | {"free_units": "5"},
        per_call(calls_per_second=float("inf")),
        per_call(calls_per_second=2.5),
        per_call(trial_units=1, trial_days=10**8),
        package(1000, valid_days=10**8),
        package(1000, valid_days=-1),
        yearly(0),
    ],
)
def test_terms_that_cannot_be_rated_are_refused(terms):
    with pytest.raises(PlanNotReadable):
        read_plan(terms)
