"""Server processes that are told to stop, killed while they hold leases, or kept waiting."""

import http.client
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from app import embedded_postgres
from app.core.reach import Reach
from metering.leases import upkeep
from tests.factories.metering import package
from tests.factories.waiting import wait_until
from tests.fakes.hostile_upstream import HostileUpstream, answer
from tests.fakes.metering_ports import FakeWallets
from tests.fakes.upstream_server import UpstreamServer
from tests.processes.metering_servers import Server

pytestmark = pytest.mark.processes


@pytest.fixture
def world(metered_world):
    return metered_world


@pytest.fixture
def start(world):
    """Starts servers on the world's database; they are stopped in the end."""
    started = []

    def make(**extra):
        started.append(Server(world.database_url, **extra))
        return started[-1]

    yield make
    for server in started:
        if server.process.poll() is None:
            server.stop()


def ask(server, licensed, key=None, query="iata=PVG", timeout=30):
    """Status and receipt; whatever the network says is raised."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    headers = {"Authorization": f"Bearer {licensed.key}"} | (
        {"Idempotency-Key": key} if key else {}
    )
    try:
        connection.request("GET", f"/data/{licensed.listing_code}?{query}", None, headers)
        response = connection.getresponse()
        response.read()
        return response.status, response.headers.get("Usage-Receipt")
    finally:
        connection.close()


def test_a_server_that_is_told_to_stop_answers_what_it_accepted(world, start):
    """SIGTERM under load: what was being answered is answered and recorded, nothing is reset."""
    upstream = UpstreamServer()
    listing = world.publish(
        f"{upstream.url}/slow",
        code="S0001-SLOW",
        version="ver_slow",
        fields_in=[{"name": "seconds", "type": "decimal"}],
        fields_out=[{"name": "iata", "type": "string"}],
    )
    upstream.behaviour = lambda _handler, given: (
        time.sleep(float(given["seconds"])),
        (200, {"iata": "PVG"}),
    )[1]
    licensed = world.license(package(1000), listing=listing)
    server = start()
    try:
        assert ask(server, licensed, query="seconds=0.0")[0] == 200
        with ThreadPoolExecutor(6) as threads:
            calling = [
                threads.submit(ask, server, licensed, f"k{at}", "seconds=1.5") for at in range(6)
            ]
            wait_until(lambda: len(upstream.requests) == 7)
            server.process.terminate()
            answers = [each.result(30) for each in calling]
        assert [status for status, _ in answers] == [200] * 6
        assert server.process.wait(40) is not None
    finally:
        upstream.stop()
    assert world.one("SELECT count(*) FROM usage_events") == 7
    assert len({receipt for _, receipt in answers}) == 6
    assert world.one("SELECT count(*) FROM leases WHERE closed_at IS NULL") == 0
    assert world.sql("SELECT holder FROM lanes WHERE holder IS NOT NULL") == []


def test_what_a_killed_server_held_is_sold_by_another_exactly(world, start):
    licensed = world.license(package(100))
    first = start()
    sold = [ask(first, licensed)[0] for _ in range(10)]
    assert sold == [200] * 10
    assert world.one("SELECT leased_units FROM entitlements") > 0
    first.kill()
    second = start()
    deadline = time.monotonic() + 40
    while sold.count(200) < 100 and time.monotonic() < deadline:
        with world.units.begin(Reach.EXCHANGE) as uow:
            upkeep.reclaim_leases(uow, FakeWallets())
            uow.commit()
        status, _ = ask(second, licensed)
        sold.append(status)
        if status != 200:
            time.sleep(0.1)  # until the dead server's lane expires
    assert sold.count(200) == 100
    assert ask(second, licensed)[0] == 403
    second.stop()
    left = "SELECT spent_units, leased_units FROM entitlements"
    assert world.sql(left) == [(100, 0)]


def test_a_hanging_upstream_does_not_take_the_real_servers_threads(world, start):
    """Eight threads, thirty calls on a listing that hangs: another listing is answered at once."""
    hanging = HostileUpstream(None)
    hanging.behave = hanging.hang
    sound = HostileUpstream(lambda _connection: answer())
    try:
        slow = world.license(
            listing=world.publish(
                f"{hanging.url}/a", code="S0001-HANGING", version="ver_h", timeout_ms=4000
            )
        )
        quick = world.license(
            listing=world.publish(f"{sound.url}/a", code="S0001-SOUND", version="ver_s")
        )
        world.fund(10**12)
        server = start()
        assert ask(server, quick)[0] == 200
        with ThreadPoolExecutor(30) as threads:
            calling = [threads.submit(ask, server, slow) for _ in range(30)]
            wait_until(lambda: len(hanging.requests) >= 6)
            took = []
            for _ in range(5):
                started = time.monotonic()
                assert ask(server, quick)[0] == 200
                took.append(time.monotonic() - started)
            statuses = [each.result(60)[0] for each in calling]
        assert max(took) < 2.0, "it waited for the hanging one"
        assert set(statuses) == {503, 504}
        assert statuses.count(504) <= 12
    finally:
        hanging.stop()
        sound.stop()


# PostgreSQL itself, killed −9 in the middle of commits.


def kill_and_restart(data: Path):
    postmaster = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(postmaster, signal.SIGKILL)
    wait_until(lambda: not embedded_postgres.is_running(data))
    deadline = time.monotonic() + 30
    while True:
        try:
            embedded_postgres.start(data)
        except Exception:  # noqa: BLE001 -- orphaned backends may still hold the folder
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return


class Buyer(threading.Thread):
    """Buys with a key a call and tries each again until it is answered."""

    def __init__(self, server, licensed, name, stop):
        super().__init__(name=name, daemon=True)
        self._server, self._licensed, self._stop_buying = server, licensed, stop
        self.receipts = {}

    def run(self):
        number = 0
        while not self._stop_buying.is_set():
            key = f"{self.name}-{number}"
            receipt = self._until_answered(key)
            if receipt is not None:
                self.receipts[key] = receipt
            number += 1

    def _until_answered(self, key):
        for _ in range(600):
            try:
                status, receipt = ask(self._server, self._licensed, key)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            if status == 200:
                return receipt
            assert status == 503, status
            time.sleep(0.05)
        return None


def test_killing_the_database_in_the_middle_of_commits_loses_and_doubles_nothing(own_world):
    world = own_world
    licensed = world.license()
    world.fund(10**14)
    server = Server(world.database_url)
    stop = threading.Event()
    buyers = [Buyer(server, licensed, f"b{at}", stop) for at in range(6)]
    try:
        for buyer in buyers:
            buyer.start()
        for turn in range(4):
            wait_until(lambda t=turn: sum(len(b.receipts) for b in buyers) > 60 * (t + 1), 60)
            kill_and_restart(world.data)
        wait_until(lambda: sum(len(buyer.receipts) for buyer in buyers) > 300, 60)
    finally:
        stop.set()
        for buyer in buyers:
            buyer.join(60)
        server.stop()
    check_the_books(world, buyers)


def check_the_books(world, buyers):
    receipts = {key: text for buyer in buyers for key, text in buyer.receipts.items()}
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        connection.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")

        def rows(statement):
            return connection.execute(statement).fetchall()

        stored = dict(rows("SELECT idempotency_key, n FROM call_answers"))
        assert set(receipts) <= set(stored), "an acknowledged call is not recorded"
        assert len(set(receipts.values())) == len(receipts)
        events = rows("SELECT count(*) FROM usage_events")[0][0]
        assert events == len(stored)
        assert rows("SELECT count(*) FROM fake_leaves WHERE entry_type = 'call'") == [(events,)]
        assert rows("SELECT sum(amount)::bigint FROM fake_postings") == [(events * 40_000_000,)]
        assert rows("SELECT sum(sequence)::bigint FROM lanes") == [(events,)]
        assert rows("SELECT 1 FROM usage_events GROUP BY lane_id, n HAVING count(*) > 1") == []
