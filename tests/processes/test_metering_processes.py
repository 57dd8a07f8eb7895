"""Two real server processes on one database, and one of them killed with −9 under load."""

import json
import socket
import time

import pytest

from tests.factories.metering import package
from tests.processes.metering_clients import reclaiming, run_clients, wait_for_expiry
from tests.processes.metering_servers import Server

pytestmark = pytest.mark.processes


@pytest.fixture
def world(metered_world):
    return metered_world


@pytest.fixture
def servers(world):
    started = [Server(world.database_url) for _ in range(2)]
    yield started
    for server in started:
        if server.process.poll() is None:
            server.stop()


def test_two_processes_sell_the_last_calls_exactly(world, servers):
    licensed = world.license(package(1000))
    clients = run_clients(servers, licensed, 16)
    for client in clients:
        client.join(200)
    sold = sum(client.statuses.count(200) for client in clients)
    assert sold == 1000
    assert {status for client in clients for status in client.statuses} == {200, 403}
    assert world.one("SELECT count(*) FROM usage_events") == 1000
    for server in servers:
        server.stop()
    left = "SELECT spent_units, leased_units, granted_units FROM entitlements"
    assert world.sql(left) == [(1000, 0, 1000)]


def test_a_key_against_repeats_that_is_no_text_is_refused_and_not_passed_over(world):
    licensed = world.license()
    world.fund(10**10)
    server = Server(world.database_url)
    call = f"GET /data/{licensed.listing_code}?iata=PVG HTTP/1.1\r\nHost: here\r\n"
    call += f"Authorization: Bearer {licensed.key}\r\n"
    try:
        assert status_of(server, f"{call}Idempotency-Key: 机场\r\n\r\n") == 400
        assert status_of(server, f"{call}Accept: */*\r\nAccept: text/plain\r\n\r\n") == 200
    finally:
        server.stop()
    assert world.one("SELECT count(*) FROM usage_events") == 1


def status_of(server, request):
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(request.encode())
        return int(connection.recv(100).split()[1])


def test_killing_a_process_under_load_loses_and_doubles_nothing(world, servers):
    licensed = world.license()
    world.fund(10**14)
    clients = run_clients(servers, licensed, 8)
    with reclaiming(world):
        try:
            kill_by_turns(world, servers)
        finally:
            for client in clients:
                client.stop_at = 0
            for client in clients:
                client.join(100)
            for server in servers:
                server.stop()
            wait_for_expiry(world)
    check_nothing_lost_or_doubled(world, clients)


def kill_by_turns(world, servers):
    for turn in range(4):
        before = world.one("SELECT count(*) FROM usage_events")
        deadline = time.monotonic() + 60
        while world.one("SELECT count(*) FROM usage_events") < before + 100:
            assert time.monotonic() < deadline, "no call is recorded any more"
            time.sleep(0.02)
        servers[turn % 2].kill()
        servers[turn % 2].start()


def check_nothing_lost_or_doubled(world, clients):
    receipts = {key: text for client in clients for key, text in client.receipts.items()}
    stored = dict(world.sql("SELECT idempotency_key, n FROM call_answers"))
    assert set(receipts) <= set(stored), "an acknowledged call is not recorded"
    assert len(set(receipts.values())) == len(receipts)
    events = world.one("SELECT count(*) FROM usage_events")
    assert events == len(stored), "every event belongs to one key, and every key to one event"
    assert world.one("SELECT count(*) FROM fake_leaves WHERE entry_type = 'call'") == events
    posted = world.one("SELECT sum(amount)::bigint FROM fake_postings")
    assert posted == events * 40_000_000
    assert world.one("SELECT balance FROM fake_wallets") == 10**14 - posted
    assert world.sql("SELECT leased_amount, spent_amount FROM entitlements") == [(0, posted)]
    for lane, sequence in world.sql("SELECT lane_id, sequence FROM lanes"):
        numbers = world.sql("SELECT n FROM usage_events WHERE lane_id = %s ORDER BY n", lane)
        assert [n for (n,) in numbers] == list(range(1, sequence + 1))
    check_chains(world)


def check_chains(world):
    rows = world.sql(
        "SELECT leaf_hash, leaf FROM fake_leaves ORDER BY licence_id, lane, coalesce(n, 0)"
    )
    last = {}
    for leaf_hash, body in rows:
        leaf = json.loads(body)
        if leaf["type"] == "call":
            assert leaf["previous"] == last[leaf["lane"]]
        last[leaf["lane"]] = leaf_hash.hex()
