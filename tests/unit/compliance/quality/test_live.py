"""Live quality drifts for sure or not at all: few calls and bad luck alarm nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.quality.access import CallCounts, accessibility
from compliance.quality.live import CALLS_MIN, Drift, LiveCounts, reported_availability

COUNTS = st.integers(0, 10_000)


def drifts(answered=0, mismatch=0, failed=0, *, reported=None, promised_bp=None):
    counts = LiveCounts(answered, 0, mismatch, failed)
    return counts.drifts(reported=reported, promised_bp=promised_bp)


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
    assert flawless.drifts(reported=1.0, promised_bp=10_000) == []
    if shown["calls_count"] < CALLS_MIN:
        assert counts.drifts(reported=1.0, promised_bp=10_000) == []


def test_what_a_report_says_of_availability_is_its_bound():
    measured = accessibility(CallCounts(calls_count=200, answered_count=200)).document()
    assert reported_availability({"indicators": [measured]}) == pytest.approx(0.981, abs=1e-3)
    assert reported_availability({"indicators": [accessibility(None).document()]}) is None
    assert reported_availability(None) is None
