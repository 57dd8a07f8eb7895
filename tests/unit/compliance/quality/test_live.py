"""Live quality drifts for sure or not at all: few calls and bad luck alarm nobody."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.histograms import bucket_of
from compliance.quality.access import CallCounts, accessibility
from compliance.quality.live import (
    CALLS_MIN,
    Drift,
    LiveCounts,
    LiveTimes,
    Promise,
    reported_availability,
)

COUNTS = st.integers(0, 10_000)


def drifts(answered=0, mismatch=0, failed=0, *, reported=None, promised_bp=None):
    counts = LiveCounts(answered, 0, mismatch, failed)
    return counts.drifts(reported=reported, promise=Promise(promised_bp))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"answered": 1000}, []),
        # One in a hundred of 1,000 may be chance: Wilson's lower bound of 10 is 0.0054.
        ({"answered": 990, "mismatch": 10}, []),
        # Of 19 it is 0.0122, above one in a hundred.
        ({"answered": 981, "mismatch": 19}, [Drift.SCHEMA_MISMATCH]),
        ({"answered": 0, "mismatch": 99}, []),
        ({"mismatch": 100}, [Drift.SCHEMA_MISMATCH]),
        ({"failed": 1000}, []),
    ],
)
def test_answers_that_do_not_fit_drift_once_that_is_no_chance(counts, expected):
    assert drifts(**counts) == expected


def test_availability_is_held_against_report_and_promise_apart():
    # 30 failures of 1,000: at best 1 - 0.0211 = 0.9789.
    found = {"answered": 970, "failed": 30}
    assert drifts(**found, reported=0.97, promised_bp=9_700) == []
    assert drifts(**found, reported=0.98) == [Drift.LESS_AVAILABLE_THAN_REPORTED]
    assert drifts(**found, promised_bp=9_900) == [Drift.LESS_AVAILABLE_THAN_PROMISED]


@given(answered=COUNTS, hits=COUNTS, mismatch=COUNTS, failed=COUNTS)
def test_shares_are_of_calls_and_a_flawless_listing_never_drifts(answered, hits, mismatch, failed):
    counts = LiveCounts(answered, min(hits, answered), mismatch, failed)
    shown = counts.document()
    assert shown["calls_count"] == answered + mismatch + failed
    assert (shown["available_share"] is None) == (shown["calls_count"] == 0)
    flawless = LiveCounts(answered, 0, 0, 0)
    assert flawless.drifts(reported=1.0, promise=Promise(10_000)) == []
    if shown["calls_count"] < CALLS_MIN:
        assert counts.drifts(reported=1.0, promise=Promise(10_000)) == []


def test_what_a_report_says_of_availability_is_its_bound():
    measured = accessibility(CallCounts(calls_count=200, answered_count=200)).document()
    assert reported_availability({"indicators": [measured]}) == pytest.approx(0.981, abs=1e-3)
    assert reported_availability({"indicators": [accessibility(None).document()]}) is None
    assert reported_availability(None) is None


NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


def drifts_of(live, **promise):
    counts = LiveCounts(answered_count=CALLS_MIN, times=live)
    return counts.drifts(reported=None, promise=Promise(**promise))


def test_a_p95_that_was_promised_may_be_missed_by_five_in_a_hundred_and_by_chance():
    fast, slow = bucket_of(40_000), bucket_of(900_000)
    promise = {"latency_p95_ms": 200}
    assert drifts_of(LiveTimes({fast: 950, slow: 50}), **promise) == []
    # Of 1,000 the lower bound of 66 beyond it is 0.0522.
    assert drifts_of(LiveTimes({fast: 934, slow: 66}), **promise) == [Drift.SLOWER_THAN_PROMISED]
    assert drifts_of(LiveTimes({slow: 99}), **promise) == [], "too few to say"
    assert drifts_of(LiveTimes({slow: 1000})) == [], "nothing was promised"


def test_what_shares_the_limit_s_bucket_is_not_held_against_anybody():
    assert drifts_of(LiveTimes({bucket_of(200_001): 1000}), latency_p95_ms=200) == []


def test_answers_older_than_promised_drift():
    lag = {bucket_of(60): 900, bucket_of(90_000): 100}
    live = LiveTimes(lag=lag)
    assert drifts_of(live, freshness_seconds=43_200) == [Drift.STALER_THAN_PROMISED]
    assert drifts_of(live, freshness_seconds=100_000) == []


@pytest.mark.parametrize(
    ("frequency", "days", "is_late"),
    [
        ("DAILY", 2, False),
        ("DAILY", 2.01, True),
        ("MONTHLY", 60, False),
        ("MONTHLY", 63, True),
        ("STATIC", 900, False),
        ("ON_EVENT", 900, False),
        ("REALTIME", 900, False),
        (None, 900, False),
    ],
)
def test_data_not_updated_within_two_periods_are_late(frequency, days, is_late):
    live = LiveTimes({}, {bucket_of(1): CALLS_MIN}, NOON - timedelta(days=days), NOON, 1)
    expected = [Drift.UPDATED_LATER_THAN_DECLARED] if is_late else []
    assert drifts_of(live, update_frequency=frequency) == expected


def test_a_late_update_needs_enough_dated_answers():
    live = LiveTimes({}, {bucket_of(1): CALLS_MIN - 1}, NOON - timedelta(days=9), NOON, 1)
    assert drifts_of(live, update_frequency="DAILY") == []


def test_days_add_up_and_the_last_look_counts():
    first = LiveTimes({8: 1}, {1: 1}, NOON, NOON + timedelta(hours=1), 2)
    later = LiveTimes({8: 2, 9: 1}, {}, None, None, 0)
    last = LiveTimes({}, {1: 3}, NOON - timedelta(days=1), NOON + timedelta(days=1), 1)
    whole = first.and_a_day(later).and_a_day(last)
    assert (dict(whole.latency), dict(whole.lag)) == ({8: 3, 9: 1}, {1: 4})
    assert whole.newest_event_at == NOON
    assert whole.seen_at == NOON + timedelta(days=1)
    assert whole.updates_count == 3


def test_a_promise_is_read_from_a_dossier_and_may_say_nothing():
    dossier = {
        "service_level": {"availability_bp": 9_990, "latency_p95_ms": 200},
        "freshness_seconds": 60,
        "update_frequency": "HOURLY",
    }
    assert Promise.of(dossier) == Promise(9_990, 200, 60, "HOURLY")
    assert Promise.of({}) == Promise()
