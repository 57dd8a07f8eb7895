"""An installation whose PostgreSQL hangs says so, goes on answering, and works again afterwards."""

import http.client
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.crash_market import installation_in, open_market
from demo import proving
from demo.calls import Call, call
from demo.http import Client
from tests.factories.waiting import wait_until
from tests.processes.silent_servers import hanging

pytestmark = [pytest.mark.processes, pytest.mark.chain, pytest.mark.timeout(540)]
PATIENCE_SECONDS = 120
REQUESTS = 40
"""More than there are threads for requests."""


@pytest.fixture
def world(own_data):
    installation = installation_in(own_data.parent / "exchange", COUNTERFOIL_LOG_LEVEL="WARNING")
    try:
        installation.start()
        yield open_market(installation, package_units=100)
    finally:
        installation.stop()


def status(world, path):
    """The status, which comes within a generous time."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", world.installation.port, timeout=PATIENCE_SECONDS
    )
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def buy(world, key):
    answer, _ = call(
        Client(world.base_url, world.airports.key),
        Call(f"/data/{world.airports.listing_code}?icao=ZSPD", key),
    )
    assert answer.status == 200, answer.body


def published(world):
    """How many entries stand under a checkpoint, or none where nothing is said yet."""
    answer = world.anybody.send("GET", "/v1/log-status")
    assert answer.status in {200, 503}, answer.body
    return answer.json["published_size"] if answer.status == 200 else 0


def logged(world, event):
    log = (world.installation.folder / "exchange.log").read_text(encoding="utf-8")
    return log.count(f'"{event}"')


def test_a_database_that_hangs_is_told_of_and_works_again_when_it_goes_on(world):
    buy(world, "before-the-silence")
    size = proving.wait_for_checkpoint(world)
    before = logged(world, "step failed")
    with ThreadPoolExecutor(REQUESTS) as threads:
        list(threads.map(lambda _: status(world, "/v1/listings"), range(3 * REQUESTS)))
        with hanging(world.installation.folder / "postgres"):
            asking = [threads.submit(status, world, "/v1/listings") for _ in range(REQUESTS)]
            # Even the requests that a connection of before the silence fell to end.
            assert all(each.result(PATIENCE_SECONDS) != 200 for each in asking)
            wait_until(lambda: status(world, "/healthz") == 200, PATIENCE_SECONDS)
            wait_until(lambda: status(world, "/readyz") == 503, PATIENCE_SECONDS)
            wait_until(lambda: logged(world, "step failed") > before, PATIENCE_SECONDS)
            wait_until(lambda: logged(world, "silent"), PATIENCE_SECONDS)
    wait_until(lambda: status(world, "/readyz") == 200, PATIENCE_SECONDS)
    buy(world, "after-the-silence")
    # On a busy machine it takes a while until every connection of before has been replaced.
    wait_until(lambda: published(world) > size, PATIENCE_SECONDS)
