"""Limits over two real server processes: exact in every second, and deaf to forged headers."""

import http.client
import threading
import time
from collections import Counter

import pytest

from metering import services
from tests.processes.metering_servers import Server

pytestmark = pytest.mark.processes
LIMIT = 50
SECONDS = 5.0


@pytest.fixture
def world(metered_world):
    return metered_world


@pytest.fixture
def seconds_file(tmp_path):
    return tmp_path / "seconds"


@pytest.fixture
def servers(world, seconds_file):
    extra = {"METERED_SECONDS_FILE": str(seconds_file)}
    started = [Server(world.database_url, **extra) for _ in range(2)]
    yield started
    for server in started:
        server.stop()


def ask(server, licensed, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        given = {"Authorization": f"Bearer {licensed.key}"} | headers
        connection.request("GET", f"/data/{licensed.listing_code}?iata=PVG", None, given)
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


def test_two_processes_never_serve_more_than_the_limit_in_a_second(world, servers, seconds_file):
    licensed = world.license(calls_per_second=LIMIT)
    world.fund(10**14)
    until, statuses = time.monotonic() + SECONDS, Counter()

    def buy(at):
        number = 0
        while time.monotonic() < until:
            # A header that claims another client each time must not open another window.
            forged = {"X-Forwarded-For": f"198.51.{at}.{number % 250}"}
            answer = ask(servers[at % 2], licensed, **forged)
            statuses[answer.status] += 1
            if answer.status == 429:
                assert answer.headers["Retry-After"] == "1"
                time.sleep(0.02)  # a client with a little patience
            number += 1

    buyers = [threading.Thread(target=buy, args=(at,)) for at in range(8)]
    for buyer in buyers:
        buyer.start()
    for buyer in buyers:
        buyer.join(60)
    assert set(statuses) == {200, 429}, statuses
    granted = Counter(map(int, seconds_file.read_text().split()))
    assert sum(granted.values()) == statuses[200] == world.one("SELECT count(*) FROM usage_events")
    assert max(granted.values()) <= LIMIT
    whole = [granted[second] for second in sorted(granted)[1:-1]]
    assert len(whole) >= 3
    assert min(whole) >= LIMIT * 0.9, granted


def test_a_forged_client_address_opens_no_network(world, servers):
    licensed = world.license(networks=["203.0.113.0/24"])
    for claim in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP"):
        value = "for=203.0.113.7" if claim == "Forwarded" else "203.0.113.7"
        assert ask(servers[0], licensed, **{claim: value}).status == 403
    world.change(services.withdraw_key, key_id=licensed.key_id)
    assert ask(servers[1], licensed).status == 401
