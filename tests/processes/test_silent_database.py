"""PostgreSQL hangs: its kernel acknowledges, and it says nothing more until it goes on."""

import http.client
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.factories.waiting import wait_until
from tests.fakes.upstream_server import AIRPORTS
from tests.processes.metering_clients import reclaiming, wait_for_expiry
from tests.processes.metering_servers import Server
from tests.processes.silent_servers import hanging

pytestmark = [pytest.mark.processes, pytest.mark.timeout(540)]
PATIENCE_SECONDS = 150
"""Much longer than anybody waits for a hung database, and not without end."""
UNKNOWN, UNAVAILABLE = "/problems#call-outcome-unknown", "/problems#meter-unavailable"
NAMES = "SELECT convert_from(detail, 'UTF8')::json ->> 'request_id' FROM usage_events"


@dataclass(frozen=True)
class Told:
    """What became of a call, by the name that its event has too.

    A call whose commit was said to the hung server is unknown; one that stood in line is free.
    """

    name: str
    status: int
    problem: str | None


@pytest.fixture
def world(own_world):
    """One with money, whose upstream answers when its gate is open."""
    own_world.fund(10**14)
    own_world.gate = threading.Event()
    own_world.gate.set()
    own_world.upstream.behaviour = lambda _handler, _given: (
        own_world.gate.wait(PATIENCE_SECONDS),
        (200, AIRPORTS["PVG"]),
    )[1]
    yield own_world
    own_world.gate.set()


def ask(server, licensed, name, *, is_keyed):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)
    headers = {"Authorization": f"Bearer {licensed.key}", "X-Request-Id": name}
    headers |= {"Idempotency-Key": name} if is_keyed else {}
    try:
        path = f"/data/{licensed.listing_code}?iata=PVG"
        connection.request("GET", path, None, headers)
        response = connection.getresponse()
        body = json.loads(response.read())
        return Told(name, response.status, body.get("type"))
    finally:
        connection.close()


def is_answered(server):
    try:
        return server.answers()
    except (OSError, http.client.HTTPException):
        return False


def calls(threads, server, licensed, prefix):
    """Six calls, every other one with a key."""
    return [
        threads.submit(ask, server, licensed, f"{prefix}-number-{at}", is_keyed=at % 2 == 0)
        for at in range(6)
    ]


def hang_under_load(world, server, licensed):
    """What calls were told: those whose commit hangs, and those that came afterwards."""
    with ThreadPoolExecutor(12) as threads:
        world.gate.clear()
        before = len(world.upstream.requests)
        held = calls(threads, server, licensed, "held")
        wait_until(lambda: len(world.upstream.requests) == before + 6)
        with hanging(world.data):
            world.gate.set()
            late = calls(threads, server, licensed, "late")
            wait_until(lambda: is_answered(server))
            told = [each.result(PATIENCE_SECONDS) for each in held]
            told_late = [each.result(PATIENCE_SECONDS) for each in late]
    return told, told_late


def test_calls_of_a_database_that_hangs_are_told_so_and_none_is_lost_or_doubled(world):
    licensed = world.license()
    server = Server(world.database_url)
    try:
        for at in range(4):  # so that each committing thread has its connection, as a rule
            assert ask(server, licensed, f"before-{at}", is_keyed=False).status == 200
        held, late = hang_under_load(world, server, licensed)
        assert {each.status for each in held + late} == {503}
        assert {each.problem for each in held + late} <= {UNKNOWN, UNAVAILABLE}
        with reclaiming(world):
            for each in [*held, *late][::2]:
                wait_until(
                    lambda name=each.name: ask(server, licensed, name, is_keyed=True).status == 200,
                    PATIENCE_SECONDS,
                )
            assert ask(server, licensed, "the-last-one", is_keyed=False).status == 200
            server.stop()
            wait_for_expiry(world)
    finally:
        if server.process.poll() is None:
            server.stop()
    check_the_books(world, held + late)


def check_the_books(world, told):
    recorded = Counter(name for (name,) in world.sql(NAMES))
    most = {each.name: int(each.problem == UNKNOWN) for each in told[1::2]}
    keyed = {each.name: 1 for each in told[::2]} | {f"before-{at}": 1 for at in range(4)}
    keyed["the-last-one"] = 1
    assert {name: recorded.pop(name, 0) for name in keyed} == keyed
    assert all(count <= most[name] for name, count in recorded.items()), recorded
    count = len(keyed) + recorded.total()
    assert world.sql("SELECT sum(amount)::bigint FROM fake_postings") == [(count * 40_000_000,)]
    assert world.sql("SELECT sum(sequence)::bigint FROM lanes") == [(count,)]
    assert world.sql("SELECT leased_calls, leased_amount FROM entitlements") == [(0, 0)]
