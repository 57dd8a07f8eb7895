"""A yearly package is earned by day, and the days always sum to the price."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.journal.deferrals.days import DAY, days_of, days_over, due_next, earned_amount, is_kept

START = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ends_at", "days"),
    [
        (datetime(2028, 3, 1, 9, 30, tzinfo=UTC), 366),
        (datetime(2029, 3, 1, 9, 30, tzinfo=UTC), 731),
        (START + timedelta(days=365), 365),
        (START + timedelta(days=364, seconds=1), 365),
        (START + timedelta(seconds=1), 1),
    ],
)
def test_a_term_has_its_calendar_s_days_and_a_begun_day_is_one(ends_at, days):
    assert days_of(START, ends_at) == days


@given(
    price=st.integers(1, 10**15),
    days=st.integers(1, 800),
    looks=st.lists(st.integers(0, 800), max_size=30),
)
def test_whatever_the_days_of_the_looks_the_parts_sum_to_the_price(price, days, looks):
    ends_at = START + days * DAY
    at_looks = [START + look * DAY for look in sorted(looks)] + [ends_at]
    earned = 0
    for at in at_looks:
        after = earned_amount(price, days, days_over(START, ends_at, at))
        assert after >= earned
        earned = after
    assert earned == price


@given(price=st.integers(1, 2**63 - 1), days=st.integers(1, 800), over=st.integers(0, 800))
@example(price=1, days=2, over=1)
@example(price=2**53 + 1, days=1, over=1)
def test_what_is_earned_is_the_last_whole_unit_of_the_days_share(price, days, over):
    over = min(over, days)
    assert 0 <= price * over - earned_amount(price, days, over) * days < days


def test_a_day_is_earned_when_it_is_over_and_the_last_one_at_the_end_of_the_term():
    ends_at = START + timedelta(days=1, hours=6)
    assert days_over(START, ends_at, START - timedelta(seconds=1)) == 0
    assert days_over(START, ends_at, START + DAY - timedelta(microseconds=1)) == 0
    assert days_over(START, ends_at, START + DAY) == 1
    assert days_over(START, ends_at, ends_at) == days_of(START, ends_at) == 2
    assert due_next(START, ends_at, 0) == START + DAY
    assert due_next(START, ends_at, 1) == ends_at


def test_only_what_the_buyer_brought_about_keeps_the_rest():
    assert is_kept("BREACH")
    assert is_kept("SCENARIO_WITHDRAWN")
    assert is_kept("GIVEN_UP")
    assert not is_kept("REGULATOR_ORDER")
    assert not is_kept("LISTING_REVOKED")
