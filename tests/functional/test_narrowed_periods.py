"""A narrowed term changes when a licence's periods end, and not from where they are counted."""

from datetime import timedelta

import pytest

from metering import services
from metering.events import PeriodClosed, PeriodOpened
from metering.plans import services as periods
from metering.plans.steps import turn_periods
from tests.factories.metering import World, per_call
from tests.factories.plans import subscription
from tests.fakes.clock import START

YUAN, DAY = 10**8, 86_400
# The first period of a licence that starts on 20 November has thirty days, the second 31.
SECOND, THIRD, FOURTH = (START + timedelta(days=days) for days in (30, 61, 92))


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(1000 * YUAN)
    yield made
    made.close()


def subscribe(world, plan=None):
    return world.license(plan or subscription(2, None), days=800, age_days=0).licence_id


def narrow(world, licence_id, *, starts_at=START, ends_at=START + timedelta(days=800)):
    world.change(
        services.narrow_entitlement,
        licence_id=licence_id,
        terms={"fields": ["iata"], "purposes": ["CREDIT"]},
        terms_hash="f" * 64,
        permitted_purposes=["CREDIT"],
        starts_at=starts_at,
        ends_at=ends_at,
    )


def turn(world, at):
    world.clock.set(at)
    while turn_periods(world.units):
        pass


def periods_of(world, licence_id):
    return world.sql(
        "SELECT state, from_at, until_at FROM licence_periods WHERE licence_id = %s"
        " ORDER BY period",
        licence_id,
    )


def events(world, kind, licence_id):
    found = (event for event in world.units.events if isinstance(event, kind))
    return [event for event in found if event.licence_id == licence_id]


@pytest.mark.parametrize("days", [10, 30])
def test_a_term_that_ends_sooner_has_no_further_period_and_holds_up_nobody_s(world, days):
    narrowed, other = subscribe(world), subscribe(world)
    world.clock.advance(seconds=DAY)
    ends_at = START + timedelta(days=days)
    narrow(world, narrowed, ends_at=ends_at)
    turn(world, ends_at)
    assert periods_of(world, narrowed) == [("closed", START, ends_at)]
    turn(world, SECOND)
    assert periods_of(world, other) == [("closed", START, SECOND), ("open", SECOND, THIRD)]
    assert len(events(world, PeriodOpened, narrowed)) == 1


def test_a_term_that_starts_later_keeps_its_periods_and_pays_for_none_that_it_cannot_use(world):
    narrowed = subscribe(world)
    world.clock.advance(seconds=DAY)
    narrow(world, narrowed, starts_at=THIRD + timedelta(days=1))
    turn(world, SECOND)
    turn(world, THIRD)
    assert periods_of(world, narrowed) == [
        ("closed", START, SECOND),
        ("lapsed", SECOND, THIRD),
        ("open", THIRD, FOURTH),
    ]
    assert [each.period for each in events(world, PeriodOpened, narrowed)] == [1, 3]


def test_a_fee_that_was_not_paid_before_the_narrowed_end_is_not_taken_afterwards(
    world, monkeypatch
):
    narrowed = subscribe(world)
    begin = periods.begin_next_period
    monkeypatch.setattr(periods, "begin_next_period", periods.note_unpaid)
    turn(world, SECOND)
    monkeypatch.setattr(periods, "begin_next_period", begin)
    ends_at = SECOND + timedelta(seconds=30)
    narrow(world, narrowed, ends_at=ends_at)
    turn(world, SECOND + timedelta(days=1))
    assert periods_of(world, narrowed) == [
        ("closed", START, SECOND),
        ("lapsed", SECOND, ends_at),
    ]
    assert len(events(world, PeriodOpened, narrowed)) == 1


def test_a_commitment_is_asked_for_in_proportion_to_the_narrowed_term(world):
    plan = per_call(minimum={"amount": "30.00", "period": "month"})
    narrowed = subscribe(world, plan)
    narrow(world, narrowed, ends_at=START + timedelta(days=10))
    turn(world, START + timedelta(days=10))
    (closed,) = events(world, PeriodClosed, narrowed)
    assert (closed.until_at, closed.minimum_amount) == (START + timedelta(days=10), 10 * YUAN)


def test_a_period_that_begins_behind_the_narrowed_end_comes_to_nothing(world):
    plan = per_call(minimum={"amount": "30.00", "period": "month"})
    narrowed, other = subscribe(world, plan), subscribe(world, plan)
    turn(world, SECOND)
    narrow(world, narrowed, ends_at=SECOND - timedelta(days=1))
    turn(world, THIRD)
    assert [each.minimum_amount for each in events(world, PeriodClosed, narrowed)] == [30 * YUAN, 0]
    assert [each.minimum_amount for each in events(world, PeriodClosed, other)] == [30 * YUAN] * 2
