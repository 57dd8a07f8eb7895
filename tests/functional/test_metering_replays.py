"""Recorded usage under another plan: the same plan comes to what was charged, to the last unit."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.reach import Reach
from metering.errors import ReplayNotPossible
from metering.plans.replays import replay
from metering.plans.steps import turn_periods
from metering.plans.terms import read_plan
from metering.ports import UpstreamAnswer
from metering.queries import get_entitlement
from tests.factories.metering import World, call, package, per_call
from tests.factories.plans import graduated, subscription, volume, yearly
from tests.fakes.metering_ports import HeldUpstream

YUAN = 10**8
DAY = 86_400
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","lat":"31.1"}')
MISS = UpstreamAnswer(404, b"")
MINIMUM = {"amount": "10.00000000", "period": "month"}
PLANS = {
    "per call": per_call(unit="call"),
    "free": per_call(unit="call", free_units=7, minimum=MINIMUM),
    "trial": per_call(unit="call", trial_units=9, trial_days=40),
    "graduated": graduated((8, "0.50"), (20, "0.20"), (None, "0.10"), free_units=3),
    "term": graduated((8, "0.50"), (None, "0.20"), period="term", minimum=MINIMUM),
    "volume": volume((10, "1.00"), (25, "0.50"), (None, "0.30")),
    "subscription": subscription(9, "0.30", roll_over="carry"),
    "quarter": subscription(9, "0.30", period="quarter"),
    "package": package(500),
    "yearly": yearly(),
}


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(10_000 * YUAN)
    yield made
    made.close()


def use(world, plan, months=(12, 0, 31), **settings):
    """A licence with calls at several days of several months, every period closed behind it."""
    licensed = world.license(plan, days=95, age_days=0)
    plane = world.plane(HeldUpstream(lambda sent: MISS if sent["iata"] == "XXX" else HIT))
    for calls in months:
        for number in range(calls):
            code = "XXX" if number % 5 == 4 else "PVG"
            assert call(plane, licensed, {"iata": code}).status in {200, 404}
            world.clock.advance(seconds=DAY // 2)
        world.clock.advance(seconds=31 * DAY - calls * DAY // 2)
        plane._calls._keeper.end_leases()
        while turn_periods(world.units):
            pass
    world.clock.advance(seconds=100 * DAY)
    while turn_periods(world.units):
        pass
    return licensed


def replayed(world, licensed, plan, from_days=-1, until_days=200, began_at=None):
    with world.units.begin(Reach.EXCHANGE) as uow:
        held = get_entitlement(uow.session, None, licensed.licence_id)
        start = held.starts_at
        return replay(
            uow.session,
            held,
            read_plan(plan),
            from_at=start + timedelta(days=from_days),
            until_at=start + timedelta(days=until_days),
        )


def sums(rows):
    return sum(row.charged_amount for row in rows), sum(row.replayed_amount for row in rows)


@pytest.mark.parametrize("name", PLANS)
def test_the_same_plan_comes_to_what_was_charged(world, name):
    licensed = use(world, PLANS[name])
    rows = replayed(world, licensed, PLANS[name])
    charged, again = sums(rows)
    assert charged == again
    assert sum(row.units for row in rows) == 43
    by_period = [(row.charged_amount, row.replayed_amount) for row in rows]
    assert all(one == other for one, other in by_period), by_period


def test_a_range_cut_anywhere_sums_to_the_whole(world):
    licensed = use(world, PLANS["graduated"])
    whole = sums(replayed(world, licensed, PLANS["volume"]))
    for cut in (0, 3, 31, 40, 61, 70):
        first = sums(replayed(world, licensed, PLANS["volume"], until_days=cut))
        second = sums(replayed(world, licensed, PLANS["volume"], from_days=cut))
        assert (first[0] + second[0], first[1] + second[1]) == whole, cut


def test_any_plan_can_be_tried_on_any_usage_by_the_call(world):
    licensed = use(world, PLANS["per call"])
    for plan in PLANS.values():
        rows = replayed(world, licensed, plan)
        assert sums(rows)[0] == 43 * 40_000_000
        assert all(row.replayed_amount >= 0 for row in rows)
        assert [row.from_at for row in rows] == sorted(row.from_at for row in rows)


def test_a_year_that_is_tried_expires_and_is_bought_again_when_it_is_used(world):
    """The calls are of the first month and of the third, which begins behind 61 days."""
    licensed = use(world, PLANS["per call"])
    for valid_days, years in ((95, 1), (61, 2), (30, 2)):
        plan = yearly(valid_days=valid_days)
        for cut in (0, 3, 31, 62, 70, 200):
            parts = {"until_days": cut}, {"from_days": cut, "until_days": 201}
            asked = [sums(replayed(world, licensed, plan, **part))[1] for part in parts]
            assert sum(asked) == years * 1_200 * YUAN, (valid_days, cut)


def test_misses_cost_nothing_under_a_plan_by_the_hit(world):
    licensed = use(world, PLANS["per call"], months=(10,))
    (row,) = replayed(world, licensed, per_call(unit="hit"))
    assert (row.units, row.replayed_amount) == (8, 8 * 40_000_000)


def test_what_was_not_counted_cannot_be_priced(world):
    licensed = use(world, PLANS["per call"], months=(1,))
    for plan in (per_call(unit="row"), per_call(currency="USD")):
        with pytest.raises(ReplayNotPossible):
            replayed(world, licensed, plan)


def test_a_replay_of_a_day_gives_the_same_bytes_every_time(world):
    licensed = use(world, PLANS["graduated"], months=(12,))
    day = {"from_days": 2, "until_days": 3}
    first = repr(replayed(world, licensed, PLANS["graduated"], **day))
    world.plane(HeldUpstream(HIT))
    assert repr(replayed(world, licensed, PLANS["graduated"], **day)) == first
    assert sums(replayed(world, licensed, PLANS["graduated"], **day))[0] > 0


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, 94), min_size=1, max_size=4, unique=True))
def test_any_cuts_sum_to_the_whole(used, cuts):
    world, licensed = used
    ends = [0, *sorted(cuts), 95]
    parts = [
        sums(replayed(world, licensed, PLANS["subscription"], from_days=a, until_days=b))
        for a, b in pairwise(ends)
    ]
    whole = sums(replayed(world, licensed, PLANS["subscription"], from_days=0, until_days=95))
    assert (sum(part[0] for part in parts), sum(part[1] for part in parts)) == whole


@pytest.fixture
def used(world):
    return world, use(world, PLANS["subscription"])
