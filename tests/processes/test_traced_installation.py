"""A whole installation that tells a collector what it does: web process, its loop, and worker."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.crash_market import installation_in, open_market
from demo.calls import Call, call
from demo.http import Client
from tests.fakes.otlp_collector import Collector

pytestmark = [pytest.mark.processes, pytest.mark.chain, pytest.mark.timeout(540)]
CALL = "GET /data/{listing_code}"
CALLS = 40


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.stop()


@pytest.fixture
def installation(tmp_path, collector):
    made = installation_in(
        tmp_path,
        COUNTERFOIL_LOG_LEVEL="WARNING",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_TRACES_SAMPLER_ARG="1",
    )
    yield made
    made.stop()


def test_calls_requests_and_steps_are_told_by_those_who_did_them(installation, collector):
    installation.start()
    world = open_market(installation, package_units=100)
    path = f"/data/{world.airports.listing_code}?icao=ZSPD"

    def buy(number):
        key = f"traced-{number}"
        return call(Client(world.base_url, world.airports.key), Call(path, key))[0].status

    with ThreadPoolExecutor(8) as buyers:
        assert set(buyers.map(buy, range(CALLS))) == {200}
    installation.stop()
    traced = collector.named(CALL)
    assert len({each.trace_id for each in traced}) == len(traced) <= CALLS
    assert traced, "a slow collector may miss some, not all"
    for each in traced:
        names = [part.name for part in collector.parts_of(each)]
        assert (names.count("upstream"), names.count("record")) == (1, 1)
    assert collector.named("POST /v1/orders")
    assert {span.service for span in collector.spans} == {"counterfoil"}
    (sequenced, *_) = collector.named("step sequence")
    assert sequenced.parent_id == ""
    assert world.airports.key.encode() not in b"".join(collector.bodies)
