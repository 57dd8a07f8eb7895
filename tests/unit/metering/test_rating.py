"""Rating: whole numbers, free units first, nothing for failures."""

import pytest

from metering.outcomes import CLIENT_ERROR, MISS, Outcome, OutcomeKind
from metering.plans import PlanNotReadable, Unit, read_plan
from metering.rating import Charge, Quote, count_units, quote_volume, rate_usage
from tests.factories.metering import package, per_call

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
    assert rate_usage(read_plan(per_call()), 3, free_units_left=0) == Charge(3, 0, 120_000_000)


def test_free_units_are_taken_first():
    plan = read_plan(per_call(free_units=5))
    assert rate_usage(plan, 7, free_units_left=5) == Charge(7, 5, 80_000_000)


def test_units_of_a_package_cost_nothing_more():
    assert rate_usage(read_plan(package()), 3, free_units_left=9) == Charge(3, 0, 0)


def test_a_quote_for_a_volume_is_what_the_calls_would_cost():
    plan = read_plan(per_call(free_units=10))
    assert quote_volume(plan, 110) == Quote(110, 10, 0, 0, 100 * 40_000_000)


def test_a_quote_beyond_one_package_needs_another():
    quote = quote_volume(read_plan(package(1000)), 1001)
    assert (quote.packages, quote.total_amount) == (2, 2 * 300 * 10**8)


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
    ],
    ids=["empty", "kind", "unit", "comma", "float", "rate", "no-units"],
)
def test_terms_that_cannot_be_rated_are_refused(terms):
    with pytest.raises(PlanNotReadable):
        read_plan(terms)
