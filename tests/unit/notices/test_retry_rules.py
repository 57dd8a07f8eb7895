"""Failures are tried again for three days, ever more rarely, and never in step."""

from datetime import UTC, datetime, timedelta

import pytest

from app.notices.retry_rules import (
    DELAY_MAX_SECONDS,
    DISABLE_AFTER,
    RETRY_FOR,
    Outcome,
    delay_after,
    is_hopeless,
    judge,
    next_due,
)

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


def lowest(size):
    return b"\x00" * size


def middle(size):
    """Draws that land in the middle: 200 of 400 thousandths."""
    return (200).to_bytes(size, "big")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (204, Outcome.DELIVERED),
        (299, Outcome.DELIVERED),
        (300, Outcome.REDIRECTED),
        (308, Outcome.REDIRECTED),
        (400, Outcome.UNWANTED_STATUS),
        (410, Outcome.GONE),
        (429, Outcome.UNWANTED_STATUS),
        (500, Outcome.UNWANTED_STATUS),
        (999, Outcome.UNWANTED_STATUS),
    ],
)
def test_only_two_hundreds_accept(status, outcome):
    attempt = judge(status)
    assert (attempt.outcome, attempt.status) == (outcome, status)
    assert attempt.is_delivered == (outcome is Outcome.DELIVERED)


def test_the_pauses_triple_up_to_six_hours():
    pauses = [delay_after(count, middle).total_seconds() for count in range(1, 12)]
    assert pauses == [5, 15, 45, 135, 405, 1215, 3645, 10_935, 21_600, 21_600, 21_600]


def test_a_receiver_may_ask_for_a_longer_pause_but_not_for_any():
    assert delay_after(1, lowest) == timedelta(seconds=4)
    assert delay_after(1, lowest, 60) == timedelta(seconds=60)
    assert delay_after(1, lowest, 1) == timedelta(seconds=4)
    assert delay_after(1, lowest, 10**6) == timedelta(seconds=DELAY_MAX_SECONDS)


def test_nothing_is_due_after_the_end():
    until = NOW + timedelta(minutes=1)
    assert next_due(NOW, timedelta(minutes=1), until) == until
    assert next_due(NOW, timedelta(minutes=1, microseconds=1), until) is None


def test_a_dead_receiver_is_tried_about_twenty_times_in_three_days():
    at, count = NOW, 0
    while at is not None:
        count, last = count + 1, at
        at = next_due(at, delay_after(count, middle), NOW + RETRY_FOR)
    assert count == 20
    assert last - NOW > RETRY_FOR - timedelta(seconds=DELAY_MAX_SECONDS)


def test_five_days_of_failures_are_hopeless():
    assert not is_hopeless(NOW, NOW + DISABLE_AFTER - timedelta(seconds=1))
    assert is_hopeless(NOW, NOW + DISABLE_AFTER)
    assert DISABLE_AFTER > RETRY_FOR
