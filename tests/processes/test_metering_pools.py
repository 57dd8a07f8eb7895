"""Two real processes at the end of a pool: exactly what is granted is sold, at what it comes to."""

import time

import pytest

from metering import services
from metering.cap_services import set_day_cap
from metering.plans.pools import total_amount
from metering.plans.steps import turn_periods
from metering.plans.terms import read_plan
from tests.factories.metering import package
from tests.factories.plans import graduated, subscription, volume
from tests.processes.metering_clients import reclaiming, run_clients, wait_for_expiry
from tests.processes.metering_servers import Server

pytestmark = pytest.mark.processes
FUNDS = 10**14


@pytest.fixture
def world(metered_world):
    metered_world.fund(FUNDS)
    return metered_world


@pytest.fixture
def servers(world):
    started = [Server(world.database_url) for _ in range(2)]
    yield started
    for server in started:
        if server.process.poll() is None:
            server.stop()


def sold(clients, seconds=200):
    """Calls that were answered until each client was refused."""
    for client in clients:
        client.join(seconds)
        assert not client.is_alive()
    assert {status for client in clients for status in client.statuses} <= {200, 403}
    return sum(client.statuses.count(200) for client in clients)


def wait_for_events(world, count):
    deadline = time.monotonic() + 60
    while world.one("SELECT count(*) FROM usage_events") < count:
        assert time.monotonic() < deadline, "no call is recorded any more"
        time.sleep(0.02)


@pytest.mark.parametrize(
    "plan", [package(1000), subscription(1000, None)], ids=["package", "subscription"]
)
def test_the_last_thousand_are_sold_exactly_while_a_process_is_killed(world, servers, plan):
    licensed = world.license(plan)
    clients = run_clients(servers, licensed, 16)
    with reclaiming(world):
        wait_for_events(world, 300)
        servers[0].kill()
        servers[0].start()
        sold(clients)
        # What the killed process had on lease comes back after its lane expired, and is sold.
        wait_for_idle(world)
        sold(run_clients(servers, licensed, 16, prefix="d"))
        wait_for_idle(world)
        last = run_clients(servers, licensed, 1, prefix="e")
        assert sold(last) == 0
        assert last[0].statuses == [403]
        for server in servers:
            server.stop()
        wait_for_expiry(world)
    assert world.one("SELECT count(*) FROM usage_events") == 1000
    pools = "SELECT granted_units, spent_units, leased_units FROM allowance_pools"
    assert world.sql(pools) == [(1000, 1000, 0)]


def wait_for_idle(world):
    """Both workers give idle lanes back after some seconds."""
    wait_for_expiry(world)


@pytest.mark.parametrize(
    "plan",
    [
        graduated((200, "0.50"), (400, "0.20"), (None, "0.10"), free_units=50),
        volume((300, "1.00"), (500, "0.40"), (None, "0.30")),
        subscription(150, "0.30"),
    ],
    ids=["graduated", "volume", "subscription"],
)
def test_steps_of_prices_over_two_processes_come_to_the_total(world, servers, plan):
    licensed = world.license(plan, days=800, age_days=0)
    clients = run_clients(servers, licensed, 16)
    with reclaiming(world):
        wait_for_events(world, 150)
        servers[1].kill()
        servers[1].start()
        wait_for_events(world, 700)
        for client in clients:
            client.stop_at = 0
        for client in clients:
            client.join(100)
        world.change(services.revoke_entitlement, licence_id=licensed.licence_id)
        for server in servers:
            server.stop()
        wait_for_expiry(world)
    while turn_periods(world.units):
        pass
    units, charged = world.sql("SELECT sum(units)::bigint, sum(amount)::bigint FROM usage_events")[
        0
    ]
    closed = "SELECT state, units, charged_amount, total_amount FROM licence_periods"
    due = total_amount(read_plan(plan), units)
    assert world.sql(closed) == [("closed", units, charged, due)]
    assert charged >= due
    assert world.one("SELECT balance FROM fake_wallets") == FUNDS - charged
    assert world.one("SELECT sum(leased_units)::bigint FROM allowance_pools") == 0
    assert world.one("SELECT sum(spent_units)::bigint FROM allowance_pools") == units


def test_a_days_cap_is_spent_exactly_by_two_processes(world, servers):
    licensed = world.license()
    cap = {"buyer_id": "org_buyer", "licence_id": licensed.licence_id}
    world.change(set_day_cap, cap_amount=500 * 40_000_000 + 1, **cap)
    assert sold(run_clients(servers, licensed, 16)) == 500
    for server in servers:
        server.stop()
    assert world.sql("SELECT spent_amount, leased_amount FROM spending_days") == [
        (500 * 40_000_000, 0)
    ]
