"""What is left of a package moves to the same package, ordered again in time by the same buyer."""

import pytest

from metering import services
from metering.plans.steps import turn_periods
from metering.ports import UpstreamAnswer
from tests.factories.metering import World, call, package
from tests.fakes.metering_ports import HeldUpstream

DAY = 86_400
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","lat":"31.1"}')
PLAN = package(10, roll_over="carry")


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    yield made
    made.close()


@pytest.fixture
def order(world):
    def run(plan_id="pln_same", **settings):
        return world.license(PLAN, plan_id=plan_id, **settings)

    return run


@pytest.fixture
def granted(world):
    """The units of a licence, which its pool has too."""

    def run(licensed):
        whole = "SELECT granted_units FROM entitlements WHERE licence_id = %s"
        pool = "SELECT granted_units FROM allowance_pools WHERE licence_id = %s"
        found = world.one(whole, licensed.licence_id)
        assert world.one(pool, licensed.licence_id) == found
        return found

    return run


def test_what_is_not_on_lease_moves_at_once_and_the_rest_when_the_older_one_closes(
    world, clock, order, granted
):
    first = order()
    plane = world.plane(HeldUpstream(HIT))
    assert [call(plane, first, {"iata": "PVG"}).status for _ in range(3)] == [200] * 3
    left = world.one("SELECT granted_units - spent_units - leased_units FROM allowance_pools")
    assert 0 < left < 7
    second, other = order(days=365), order("pln_other", days=365)
    assert [granted(each) for each in (first, second, other)] == [10 - left, 10 + left, 10]
    plane.close()
    clock.advance(seconds=31 * DAY)
    assert turn_periods(world.units)
    assert [granted(each) for each in (first, second, other)] == [3, 17, 10]


def test_at_most_one_package_moves_and_its_rest_to_one_package_only(order, granted):
    ordered = [order() for _ in range(4)]
    assert [granted(each) for each in ordered] == [0, 10, 10, 20]


def test_nothing_moves_without_the_rule(world, granted):
    ordered = [world.license(package(10), plan_id="pln_plain") for _ in range(2)]
    assert [granted(each) for each in ordered] == [10, 10]


def test_another_buyers_units_stay(order, granted):
    ordered = [order(), order(buyer="org_other")]
    assert [granted(each) for each in ordered] == [10, 10]


def test_an_expired_package_moves_nothing(clock, order, granted):
    first = order(days=30)
    clock.advance(seconds=30 * DAY)
    second = order()
    assert [granted(each) for each in (first, second)] == [10, 10]


def test_a_revoked_package_moves_nothing(world, order, granted):
    first = order()
    world.change(services.revoke_entitlement, licence_id=first.licence_id)
    second = order()
    assert [granted(each) for each in (first, second)] == [10, 10]
