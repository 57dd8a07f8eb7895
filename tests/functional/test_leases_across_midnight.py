"""A lease belongs to one day, even if midnight passes meanwhile; a lane's fault is its own."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.reach import Reach
from metering import cap_services as caps
from metering.leases import upkeep
from metering.ports import UpstreamAnswer
from tests.factories.metering import World, call
from tests.fakes.metering_ports import FakeWallets, HeldUpstream

YUAN = 10**8
PRICE = 40_000_000
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","lat":"31.1"}')
MIDNIGHT = datetime(2026, 11, 20, 16, tzinfo=UTC)
"""In Shanghai."""
DAYS = "SELECT day::text, spent_amount, leased_amount FROM spending_days ORDER BY day"


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(1000 * YUAN)
    yield made
    made.close()


class SlowWallets(FakeWallets):
    """A wallet whose row another lease holds over midnight."""

    def __init__(self, clock):
        self.clock = clock

    def reserve(self, connection, **wanted):
        self.clock.set(max(self.clock.now(), MIDNIGHT + timedelta(seconds=1)))
        return super().reserve(connection, **wanted)


def test_a_lease_taken_across_midnight_goes_back_to_the_day_it_was_taken_from(world, clock):
    licensed = world.license()
    clock.set(MIDNIGHT - timedelta(seconds=1))
    plane = world.plane(HeldUpstream(HIT), wallets=SlowWallets(clock))
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    booked = "SELECT day::text, amount, ends_at FROM leases"
    (day, amount, ends_at), *_ = world.sql(booked)
    assert (day, ends_at) == ("2026-11-20", MIDNIGHT)
    assert amount > 0
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    plane.close()
    assert sum(spent for _, spent, _ in world.sql(DAYS)) == 2 * PRICE
    assert [leased for _, _, leased in world.sql(DAYS)] == [0, 0]


def test_a_days_cap_set_across_midnight_holds_on_the_day_that_began(world, clock):
    licensed = world.license()
    own = {"buyer_id": "org_buyer", "licence_id": licensed.licence_id}
    plane = world.plane(HeldUpstream(HIT))
    clock.set(MIDNIGHT - timedelta(seconds=1))
    with world.units.begin(Reach.EXCHANGE) as uow:
        clock.set(MIDNIGHT + timedelta(seconds=1))
        # A call of the new day is faster to the entitlement, and opens the day without a cap.
        assert call(plane, licensed, {"iata": "PVG"}).status == 200
        plane.close()
        caps.set_day_cap(uow, cap_amount=2 * PRICE, **own)
        uow.commit()
    again = world.plane(HeldUpstream(HIT))
    assert [call(again, licensed, {"iata": "PVG"}).status for _ in range(2)] == [200, 403]


def crash(plane):
    """Stop a plane's threads without giving anything back."""
    committer, housekeeping, listener, *_ = plane._closers
    housekeeping.__self__._chores = ()
    for close in (committer, housekeeping, listener):
        close()
    plane._closers = ()


def reclaim(world):
    with world.units.begin(Reach.EXCHANGE) as uow:
        count = upkeep.reclaim_leases(uow, FakeWallets())
        uow.commit()
    return count


def _set_leased(licensed, amount):
    return (
        f"UPDATE spending_days SET leased_amount = {amount}"  # noqa: S608 -- a test's own values
        f" WHERE licence_id = '{licensed.licence_id}'"
    )


def test_a_lane_that_cannot_be_taken_back_does_not_hold_up_the_others(
    world, clock, plant, monkeypatch
):
    monkeypatch.setattr(upkeep, "RECLAIM_MAX", 1)
    broken, sound = world.license(), world.license()
    for licensed in (broken, sound):
        plane = world.plane(HeldUpstream(HIT), lease_seconds=60.0, idle_seconds=1000.0)
        assert call(plane, licensed, {"iata": "PVG"}).status == 200
        crash(plane)
        clock.advance(seconds=1)
    held = world.one(
        "SELECT leased_amount FROM spending_days WHERE licence_id = %s", broken.licence_id
    )
    plant(_set_leased(broken, 0))
    clock.advance(seconds=61)
    assert [reclaim(world) for _ in range(3)] == [0, 1, 0]
    leased = "SELECT leased_amount > 0 FROM entitlements WHERE licence_id = %s"
    assert [world.one(leased, each.licence_id) for each in (broken, sound)] == [True, False]
    # Its money is neither lost nor given twice: it comes back when the row is put right.
    plant(_set_leased(broken, held))
    clock.advance(seconds=61)
    assert reclaim(world) == 1
    assert world.sql("SELECT spent_amount, leased_amount FROM entitlements") == [(PRICE, 0)] * 2
    assert world.one("SELECT balance FROM fake_wallets") == 1000 * YUAN - 2 * PRICE
