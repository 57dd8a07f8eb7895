"""Two real server processes on one database, and one of them killed with −9 under load."""

import http.client
import json
import threading
import time

import pytest

from app.core.reach import Reach
from metering import upkeep
from tests.factories.metering import package
from tests.fakes.metering_ports import FakeWallets
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


class Client(threading.Thread):
    """Buys until it is refused; a call without answer is tried again with its key, as told."""

    def __init__(self, ports, licensed, name):
        super().__init__(name=name)
        self._ports, self._licensed = ports, licensed
        self.receipts, self.statuses = {}, []
        self.stop_at = 10**9

    def run(self):
        for number in range(10_000):
            if number >= self.stop_at:
                return
            key = f"{self.name}-{number}"
            status = self._until_answered(key, number)
            self.statuses.append(status)
            if status in (402, 403):
                return

    def _until_answered(self, key, number):
        for attempt in range(600):
            port = self._ports[(number + attempt) % len(self._ports)]
            try:
                status, receipt = self._call(port, key)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            if status == 503:
                time.sleep(0.05)
                continue
            if status == 200:
                self.receipts[key] = receipt
            return status
        raise TimeoutError

    def _call(self, port, key):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Authorization": f"Bearer {self._licensed.key}", "Idempotency-Key": key}
        try:
            connection.request(
                "GET", f"/data/{self._licensed.listing_code}?iata=PVG", None, headers
            )
            response = connection.getresponse()
            response.read()
            return response.status, response.headers.get("Usage-Receipt")
        finally:
            connection.close()


def run_clients(servers, licensed, count):
    ports = [server.port for server in servers]
    clients = [Client(ports[at % 2 :] + ports[: at % 2], licensed, f"c{at}") for at in range(count)]
    for client in clients:
        client.start()
    return clients


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


def test_killing_a_process_under_load_loses_and_doubles_nothing(world, servers):
    licensed = world.license()
    world.fund(10**14)
    clients = run_clients(servers, licensed, 8)
    stop = threading.Event()
    reclaimer = threading.Thread(target=reclaim_until, args=(world, stop))
    reclaimer.start()
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
        stop.set()
        reclaimer.join(20)
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


def reclaim_until(world, stop):
    while not stop.wait(0.2):
        with world.units.begin(Reach.EXCHANGE) as uow:
            upkeep.reclaim_leases(uow, FakeWallets())
            uow.commit()


def wait_for_expiry(world):
    deadline = time.monotonic() + 30
    while world.one("SELECT count(*) FROM leases WHERE closed_at IS NULL"):
        assert time.monotonic() < deadline, "a lease never came back"
        time.sleep(0.1)


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
