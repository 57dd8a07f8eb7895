"""Days and months where the exchange is, told by Python and by the database alike."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Date, cast, literal, select

from app.core.exchange_calendar import day_end, day_of, day_start, local_time, month_start

INSTANTS = st.datetimes(datetime(1992, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 -- bounds are naive by contract


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 29, 15, 59, 59, 999_999, tzinfo=UTC), date(2026, 11, 29)),
        (datetime(2026, 11, 29, 16, tzinfo=UTC), date(2026, 11, 30)),
        (datetime(2026, 12, 31, 16, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_a_day_begins_eight_hours_before_it_begins_at_greenwich(at, day):
    assert day_of(at) == day


@given(INSTANTS)
def test_an_instant_lies_in_its_day_and_in_its_month(at):
    assert day_start(day_of(at)) <= at < day_end(at)
    assert month_start(at) <= at
    assert day_of(month_start(at)) == day_of(at).replace(day=1)


@pytest.mark.parametrize("hour", [15, 16])
def test_the_database_counts_the_same_days(engine, hour):
    at = datetime(2026, 12, 31, hour, 30, tzinfo=UTC)
    with engine.connect() as connection:
        found = connection.execute(select(cast(local_time(literal(at)), Date))).scalar_one()
    assert found == day_of(at)
