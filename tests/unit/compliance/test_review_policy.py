"""The review's policy: ranges, odd panels, working days."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.exchange_calendar import SHANGHAI, day_of
from compliance.review import policy
from compliance.review.errors import PolicyInvalid

FRIDAY = datetime(2026, 11, 20, 8, tzinfo=UTC)


def midnight(year, month, day):
    """With which that day begins in Shanghai."""
    return datetime(year, month, day, tzinfo=SHANGHAI)


def with_values(holidays=None, **values):
    document = policy.amended(
        policy.shipped(), values=values, holidays=holidays, reference="a test's decision"
    )
    return policy.read(document)


def test_each_shipped_value_has_an_owner_a_source_and_a_flag():
    for name in policy.NUMBERS:
        parameter = policy.shipped()["parameters"][name]
        assert parameter["owner"]
        assert parameter["reference"]
        assert parameter["about"]
        assert parameter["confirmed"] is False
    assert set(policy.shipped()["parameters"]) == set(policy.NUMBERS)


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"panel_size": 4}, "/values/panel_size"),
        ({"panel_size": 1}, "/values/panel_size"),
        ({"panel_quorum": 5}, "/values/panel_quorum"),
        ({"publicity_working_days": 61}, "/values/publicity_working_days"),
        ({"medium_risk_points": 6}, "/values/high_risk_points"),
        ({"panel_colour": 3}, "/values/panel_colour"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_the_value(values, pointer):
    with pytest.raises(PolicyInvalid) as refusal:
        with_values(**values)
    assert pointer in {fault["pointer"] for fault in refusal.value.facts["errors"]}


def test_a_changed_value_names_whose_word_it_is():
    document = policy.amended(
        policy.shipped(),
        values={"publicity_working_days": 10},
        holidays=None,
        reference="board decision 7",
    )
    assert document["parameters"]["publicity_working_days"]["reference"] == "board decision 7"
    assert policy.hash_of(document) != policy.hash_of(policy.shipped())


@pytest.mark.parametrize(
    ("count", "holidays", "end"),
    [
        (0, [], FRIDAY),
        (1, [], midnight(2026, 11, 24)),
        (5, [], midnight(2026, 11, 28)),
        (10, [], midnight(2026, 12, 5)),
        (1, [date(2026, 11, 23), date(2026, 11, 24)], midnight(2026, 11, 26)),
    ],
)
def test_working_days_skip_weekends_and_holidays(count, holidays, end):
    assert with_values(holidays).after_working_days(FRIDAY, count) == end


@pytest.mark.parametrize(
    ("instant", "holidays", "end"),
    [
        (datetime(2026, 11, 22, 15, 59, tzinfo=UTC), [], midnight(2026, 11, 24)),
        (datetime(2026, 11, 22, 16, tzinfo=UTC), [], midnight(2026, 11, 25)),
        (datetime(2026, 11, 22, 16, tzinfo=UTC), [date(2026, 11, 24)], midnight(2026, 11, 26)),
        (datetime(2026, 11, 19, 16, tzinfo=UTC), [], midnight(2026, 11, 24)),
    ],
    ids=["late on a Sunday", "early on Monday", "before a holiday", "early on Friday"],
)
def test_working_days_are_those_of_the_exchange_s_own_time_zone(instant, holidays, end):
    assert with_values(holidays).after_working_days(instant, 1) == end


@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 -- hypothesis adds the zone
    count=st.integers(1, 60),
)
def test_more_working_days_end_later_and_never_on_a_free_day(start, count):
    values = policy.read(policy.shipped())
    end, later = (values.after_working_days(start, n) for n in (count, count + 1))
    assert start < end < later
    assert (day_of(end) - date.resolution).weekday() < 5
