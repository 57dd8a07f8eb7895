"""Bills of successive periods: commitments of a longer period, and units that move on."""

import pytest

from metering.plans.bills import left_to_carry
from metering.plans.calendar import PeriodUnit, Term, boundary, spans
from metering.plans.quotes import quote_periods
from metering.plans.terms import PlanNotReadable, read_plan
from tests.factories.metering import package
from tests.factories.plans import graduated, subscription
from tests.fakes.clock import START

YUAN = 10**8


def test_a_quarters_commitment_is_asked_once_less_what_its_months_came_to():
    minimum = {"amount": "30.00000000", "period": "quarter"}
    plan = read_plan(graduated((10, "0.50"), (None, "0.20"), minimum=minimum))
    quote = quote_periods(plan, [10, 0, 20, 40, 40, 100], starts_at=START)
    amounts = [(bill.usage_amount // YUAN, bill.minimum_amount // YUAN) for bill in quote.periods]
    assert amounts == [(5, 0), (0, 0), (7, 25), (11, 0), (11, 0), (23, 8)]
    assert [bill.missing_amount // YUAN for bill in quote.periods] == [0, 0, 18, 0, 0, 0]
    assert quote.total_amount == (30 + 45) * YUAN


def test_a_commitment_that_would_end_inside_a_period_is_refused():
    with pytest.raises(PlanNotReadable):
        read_plan(graduated(period="quarter", minimum={"amount": "1", "period": "month"}))


@pytest.mark.parametrize(
    ("terms", "left", "carried"),
    [
        (subscription(5), 3, 0),
        (subscription(5, roll_over="carry"), 3, 3),
        (subscription(5, roll_over="carry"), 8, 5),
        (package(5, roll_over="carry"), 3, 0),
    ],
    ids=["no-rule", "rule", "one-period", "package"],
)
def test_units_move_to_the_next_period_by_a_subscriptions_rule_only(terms, left, carried):
    assert left_to_carry(read_plan(terms), left) == carried


def test_a_period_that_begins_at_the_end_of_a_range_is_not_in_it():
    term = Term(START, boundary(START, PeriodUnit.YEAR, 1))
    until_at = boundary(START, PeriodUnit.MONTH, 2)
    found = spans(term, PeriodUnit.MONTH, until_at=until_at)
    assert [each.number for each in found] == [1, 2]
