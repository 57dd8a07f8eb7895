"""What listings deliver is counted once, shown to everybody, and told when it drifts."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import text

from app.core.exchange_calendar import day_of, day_start
from app.core.reach import Reach
from app.reactions import measuring
from app.reactions.lane_round import LaneRound
from compliance.live.events import QualityDrifted, QualityRecovered
from compliance.live.queries import live_quality
from metering.connections import Connections
from metering.delivery.answer_time_models import forget_times
from metering.delivery.answer_times import AnswerTimes
from tests.factories.compliance import LISTING_CODE, SUPPLIER_ID
from tests.factories.metered_calls import make_licence, use

FAILURE = text(
    "INSERT INTO delivery_failures VALUES (:id, :supplier, :listing, :hour, :kind, :n, :hour, '')"
    " ON CONFLICT (listing_code, hour, kind) DO UPDATE SET calls_count = excluded.calls_count"
)
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
"""In Shanghai; the tests' clock stands some hours later on the same day."""


@pytest.fixture
def licence(units):
    level = {"availability_bp": 9_900, "latency_p95_ms": 200}
    return make_licence(units, service_level=level, freshness_seconds=3_600)


@pytest.fixture
def answer_times(database_url, clock):
    connections = Connections(lambda: psycopg.connect(database_url), size=1)
    yield AnswerTimes(connections, clock.now)
    connections.close()


def call(units, licence, first, last, *, outcome="hit", at=NOON):
    use(units, licence, [(outcome, 1, at)] * (last - first + 1), first=first)


def fail(uow, kind, count, at=NOON):
    uow.session.execute(
        FAILURE,
        {
            "id": f"dlf_{kind}", "supplier": SUPPLIER_ID, "listing": LISTING_CODE,
            "hour": at, "kind": kind, "n": count,
        },
    )  # fmt: skip


def measured(units, lane_round=None, **failures):
    """What the page shows after the worker has counted; failures are an hour's sums so far."""
    with units.begin(Reach.EXCHANGE) as uow:
        for kind, count in failures.items():
            fail(uow, kind, count)
        measuring.measure_live_quality(uow, lane_round or LaneRound())
        uow.commit()
        return live_quality(uow, LISTING_CODE)


def told(units, kind):
    return [each for each in units.events if isinstance(each, kind)]


def test_each_call_is_counted_once_and_failures_as_often_as_they_happened(units, licence):
    call(units, licence, 1, 3)
    first = measured(units, timed_out=2)
    assert (first["answered_count"], first["hit_count"], first["failed_count"]) == (3, 3, 2)
    assert measured(units)["calls_count"] == first["calls_count"] == 5
    call(units, licence, 4, 5, outcome="miss")
    more = measured(units, timed_out=3, schema_mismatch=1, input_refused=9)
    assert (more["answered_count"], more["hit_count"]) == (5, 3)
    assert (more["mismatch_count"], more["failed_count"]) == (1, 3)
    assert more["available_share"] == "0.666667"
    assert more["schema_valid_share"] == "0.833333"


def test_a_lane_that_never_rests_does_not_keep_the_next_from_being_counted(
    units, licence, monkeypatch
):
    monkeypatch.setattr(measuring, "LANES_MAX", 1)
    lane_round = LaneRound()
    use(units, licence, [("hit", 1, NOON)], first=50, lane=2)
    for n, counted in ((1, 1), (2, 2), (3, 4)):
        call(units, licence, n, n)
        assert measured(units, lane_round)["answered_count"] == counted


def test_days_are_those_of_shanghai(units, licence):
    call(units, licence, 1, 1, at=datetime(2026, 11, 19, 16, tzinfo=UTC))
    assert [str(day["day"]) for day in measured(units)["days"]] == ["2026-11-20"]
    call(units, licence, 2, 2, at=datetime(2026, 11, 19, 15, tzinfo=UTC))
    days = [str(day["day"]) for day in measured(units)["days"]]
    assert days == ["2026-11-20", "2026-11-19"]


def test_a_drift_is_told_once_and_its_end_too(units, licence):
    call(units, licence, 1, 100)
    shown = measured(units, schema_mismatch=20)
    assert shown["drifts"] == ["SCHEMA_MISMATCH"]
    assert shown["drifted_at"] is not None
    measured(units)
    (drifted,) = told(units, QualityDrifted)
    assert (drifted.supplier_id, drifted.report_id) == (SUPPLIER_ID, "")
    worse = measured(units, timed_out=30)
    assert worse["drifts"] == ["SCHEMA_MISMATCH", "LESS_AVAILABLE_THAN_PROMISED"]
    assert len(told(units, QualityDrifted)) == 2
    well = measured(units, schema_mismatch=1, timed_out=1)
    assert (well["drifts"], well["drifted_at"]) == ([], None)
    assert len(told(units, QualityRecovered)) == 1


def test_few_calls_do_not_prove_that_all_is_well_again(units, clock, licence):
    call(units, licence, 1, 100)
    assert measured(units, schema_mismatch=20)["drifts"] == ["SCHEMA_MISMATCH"]
    clock.advance(seconds=8 * 86_400)
    later = NOON + timedelta(days=8)
    call(units, licence, 101, 103, at=later)
    still = measured(units)
    assert (still["calls_count"], still["drifts"]) == (3, ["SCHEMA_MISMATCH"])
    call(units, licence, 104, 203, at=later)
    assert measured(units)["drifts"] == []
    assert len(told(units, QualityRecovered)) == 1


def test_anybody_sees_what_a_listing_delivers(client):
    shown = client.get(f"/v1/listings/{LISTING_CODE}/live-quality").get_json()
    assert (shown["calls_count"], shown["available_share"], shown["days"]) == (0, None, [])


def answer(times, count, *, milliseconds, event_at=None):
    for _ in range(count):
        times.count(LISTING_CODE, SUPPLIER_ID, milliseconds * 1_000_000, event_at)
    times.write()


def test_latency_and_age_are_counted_shown_and_held_against_the_promise(
    units, clock, licence, answer_times
):
    now = clock.now()
    call(units, licence, 1, 100)
    answer(answer_times, 95, milliseconds=40, event_at=now - timedelta(minutes=10))
    answer(answer_times, 5, milliseconds=900, event_at=now - timedelta(minutes=5))
    shown = measured(units)
    assert (shown["timed_count"], shown["dated_count"], shown["drifts"]) == (100, 100, [])
    assert 40 <= shown["latency_p50_ms"] <= shown["latency_p95_ms"] <= 45
    assert 600 <= shown["lag_p95_seconds"] <= 675
    assert shown["newest_event_at"] == now - timedelta(minutes=5)
    assert shown["declared"]["latency_p95_ms"] == 200
    answer(answer_times, 20, milliseconds=900, event_at=now - timedelta(hours=9))
    worse = measured(units)
    assert worse["drifts"] == ["SLOWER_THAN_PROMISED", "STALER_THAN_PROMISED"]
    (day,) = worse["days"]
    assert day["timed_count"] == 120
    assert measured(units)["timed_count"] == 120, "counting again counts nothing twice"


def test_an_update_is_an_event_newer_than_any_before(units, clock, licence, answer_times):
    first = clock.now() - timedelta(hours=2)
    call(units, licence, 1, 3)
    for at in (first, first, first - timedelta(days=3), first + timedelta(hours=1)):
        answer(answer_times, 1, milliseconds=1, event_at=at)
    shown = measured(units)
    assert (shown["updates_count"], shown["newest_event_at"]) == (2, first + timedelta(hours=1))
    clock.advance(seconds=86_400)
    answer(answer_times, 1, milliseconds=1, event_at=first)
    later = measured(units)
    assert (later["updates_count"], later["dated_count"]) == (2, 5)


def test_counts_of_days_long_summed_are_forgotten_but_not_the_newest_event(
    units, clock, licence, answer_times
):
    first = clock.now()
    for age in (timedelta(hours=2), timedelta(hours=1), timedelta(days=40)):
        answer(answer_times, 2, milliseconds=1, event_at=first - age)
        clock.advance(seconds=86_400)
    clock.advance(seconds=10 * 86_400)
    with units.begin(Reach.EXCHANGE) as uow:
        # Three days of two buckets each, and the first day's event: the second's is the newest.
        assert (forget_times(uow), forget_times(uow)) == (7, 0)
        left = uow.session.execute(text("SELECT newest_event_at FROM event_times ORDER BY day"))
        assert left.scalars().all() == [
            first - timedelta(hours=1),
            first - timedelta(days=40),
        ]
        uow.commit()


def test_times_that_could_not_be_written_are_written_later(answer_times, monkeypatch):
    stored = []

    def fail(*_given):
        raise ConnectionError

    monkeypatch.setattr(answer_times, "_store", fail)
    answer_times.count(LISTING_CODE, SUPPLIER_ID, 1_000_000)
    with pytest.raises(ConnectionError):
        answer_times.write()
    answer_times.count(LISTING_CODE, SUPPLIER_ID, 1_000_000)
    monkeypatch.setattr(answer_times, "_store", lambda *given: stored.append(given))
    answer_times.write()
    answer_times.write()
    ((counts, suppliers, newest),) = stored
    assert (sum(counts.values()), suppliers, newest) == (2, {LISTING_CODE: SUPPLIER_ID}, {})


def test_a_listing_that_nobody_called_for_half_a_year_is_idle_until_somebody_does(
    units, clock, licence
):
    assert not measured(units)["is_idle"]
    clock.advance(seconds=180 * 86_400)
    shown = measured(units)
    assert (shown["is_idle"], shown["last_answered_on"]) == (True, None)
    today = day_of(clock.now())
    call(units, licence, 1, 1, at=clock.now())
    shown = measured(units)
    assert (shown["is_idle"], shown["last_answered_on"]) == (False, today)
    clock.set(day_start(today + timedelta(days=181)) - timedelta(seconds=1))
    assert not measured(units)["is_idle"]
    clock.advance(seconds=1)
    assert measured(units)["is_idle"]
