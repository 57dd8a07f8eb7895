"""What is traced: what was done and how long it took, and nothing of what was sent."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.contextvars import get_contextvars

from app.factory import create_control_plane
from app.parts import build_parts
from app.tracing.spans import Spans
from app.worker.steps import Step, Worker
from tests.factories.metering import World, call
from tests.fakes.otlp_collector import Collector
from tests.fakes.upstream_server import UpstreamServer

YUAN = 10**8
CALL = "GET /data/{listing_code}"
CALLER_TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{CALLER_TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.stop()


@pytest.fixture
def spans(collector):
    made = Spans("counterfoil", collector.url, share=1.0)
    yield made
    made.close()


@pytest.fixture
def upstream():
    server = UpstreamServer()
    yield server
    server.stop()


@pytest.fixture(params=["threads", "loop"])
def world(request, database_url, units, clock, ids, upstream):
    made = World(database_url, units, clock, ids, served_by=request.param)
    made.publish(f"{upstream.url}/airports")
    made.fund(100 * YUAN)
    yield made
    made.close()


def told(collector, spans, name):
    """The spans of a name, after all that was traced is sent."""
    spans.close()
    return collector.named(name)


def test_a_call_says_what_it_waited_for(world, collector, spans):
    licensed = world.license()
    answer = call(world.plane(spans=spans), licensed, {"iata": "PVG"})
    assert answer.status == 200
    (traced,) = told(collector, spans, CALL)
    assert traced.service == "counterfoil"
    assert traced.facts == {
        "http.request.method": "GET",
        "http.route": "/data/{listing_code}",
        "http.response.status_code": 200,
        "counterfoil.request_id": answer.headers["X-Request-Id"],
        "counterfoil.listing_code": licensed.listing_code,
        "counterfoil.outcome": "hit",
    }
    parts = collector.parts_of(traced)
    assert {part.trace_id for part in parts} == {traced.trace_id}
    names = [part.name for part in parts]
    assert names[-2:] == ["upstream", "record"]
    assert set(names[:-2]) <= {"look aside", "look in turn"}
    assert parts[-2].facts == {"server.address": "127.0.0.1", "http.response.status_code": 200}


def test_parts_of_calls_at_once_are_their_own(world, collector, spans):
    licensed = world.license()
    plane = world.plane(spans=spans)
    with ThreadPoolExecutor(8) as buyers:
        answers = list(buyers.map(lambda _: call(plane, licensed, {"iata": "PVG"}), range(24)))
    assert {answer.status for answer in answers} == {200}
    traced = told(collector, spans, CALL)
    assert len({each.trace_id for each in traced}) == 24
    for each in traced:
        parts = collector.parts_of(each)
        assert {part.trace_id for part in parts} == {each.trace_id}
        names = [part.name for part in parts]
        assert (names.count("upstream"), names.count("record")) == (1, 1)


def test_nothing_of_what_was_sent_is_told(world, collector, spans):
    licensed = world.license()
    plane = world.plane(spans=spans)
    for iata in ("PVG", "QQX"):
        call(plane, licensed, {"iata": iata}, address="203.0.113.77", idempotency_key="retry-0815")
    call(plane, None, path="/data/nobody-s-secret-word", authorization="Bearer cf_stranger")
    spans.close()
    sent = b"".join(collector.bodies)
    assert CALL.encode() in sent
    key = licensed.key
    for secret in ("PVG", "QQX", "Pudong", "203.0.113.77", "retry-0815", key, key[:12]):
        assert secret.encode() not in sent
    assert b"nobody-s-secret-word" not in sent
    assert b"cf_stranger" not in sent


def test_a_supplier_that_fails_is_told_as_a_failure(world, collector, spans, upstream):
    licensed = world.license()
    upstream.stop()
    answer = call(world.plane(spans=spans), licensed, {"iata": "PVG"})
    (traced,) = told(collector, spans, CALL)
    assert (traced.is_failed, traced.facts["error.type"]) == (True, str(answer.status))
    (asked,) = collector.named("upstream")
    assert (asked.is_failed, asked.facts["error.type"]) == (True, "NotConnected")


def test_a_caller_s_trace_is_linked_to_and_no_parent(world, collector, spans):
    plane = world.plane(spans=spans)
    for traceparent in (TRACEPARENT, "no traceparent"):
        call(plane, world.license(), {"iata": "PVG"}, traceparent=traceparent)
    linked, unlinked = told(collector, spans, CALL)
    assert (linked.links, linked.parent_id) == ([CALLER_TRACE], "")
    assert unlinked.links == []
    assert linked.trace_id != CALLER_TRACE


@pytest.mark.parametrize("drawn", [b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00"])
def test_a_share_is_traced(collector, drawn):
    spans = Spans("counterfoil", collector.url, share=0.5, entropy=lambda _size: drawn)
    with spans.root("work") as root, spans.part("more"):
        root.note({"done": 1})
        assert ("trace_id" in get_contextvars()) == (drawn[0] < 0x80)
    assert len(told(collector, spans, "work")) == (drawn[0] < 0x80)
    assert len(collector.spans) == 2 * (drawn[0] < 0x80)


@pytest.fixture
def traced_parts(settings, clock, collector):
    named = replace(settings, otlp_endpoint=collector.url, trace_share=1.0, trace_service="market")
    built = build_parts(named, clock=clock)
    yield built
    built.spans.close()
    built.engine.dispose()


@pytest.fixture
def client(traced_parts):
    return create_control_plane(traced_parts).test_client()


def test_a_request_says_its_route_and_its_statements(traced_parts, client, collector):
    answer = client.get("/v1/listings?q=somebody-s-words")
    assert answer.status_code == 200
    (traced,) = told(collector, traced_parts.spans, "GET /v1/listings")
    assert traced.service == "market"
    assert traced.facts == {
        "http.request.method": "GET",
        "http.route": "/v1/listings",
        "http.response.status_code": 200,
        "counterfoil.request_id": answer.headers["X-Request-Id"],
    }
    parts = collector.parts_of(traced)
    assert {(part.name, part.facts["db.system.name"]) for part in parts} == {
        ("SELECT", "postgresql")
    }
    assert any("FROM listing" in part.facts["db.query.text"] for part in parts)
    assert b"somebody-s-words" not in b"".join(collector.bodies)


def test_what_nobody_serves_is_told_without_its_address(traced_parts, client, collector):
    assert client.open("/somebody-s/secret", method="BREW").status_code == 404
    (traced,) = told(collector, traced_parts.spans, "_OTHER")
    assert traced.facts["http.response.status_code"] == 404
    assert b"somebody" not in b"".join(collector.bodies)


def test_a_statement_that_fails_is_told_by_its_type(traced_parts, collector):
    engine, spans = traced_parts.engine, traced_parts.spans
    with engine.connect() as connection, pytest.raises(DBAPIError), spans.root("work"):
        connection.execute(text("SELECT 1 / CAST(:none AS int)"), {"none": "0"})
    traced = told(collector, traced_parts.spans, "SELECT")
    assert [part.facts.get("error.type") for part in traced if part.is_failed] == ["DivisionByZero"]
    (work,) = collector.named("work")
    assert (work.is_failed, work.facts["error.type"]) == (True, "DataError")


def test_a_step_of_the_worker_is_a_trace(collector, spans):
    def once():
        worker.stop()
        return False

    worker = Worker([Step("settle", 1.0, once)], spans)
    worker.run()
    assert len(told(collector, spans, "step settle")) == 1


def test_nothing_waits_for_a_collector_that_is_away(world, collector):
    collector.stop()
    spans = Spans("counterfoil", collector.url, share=1.0)
    plane = world.plane(spans=spans)
    licensed = world.license()
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    spans.close()
    assert call(plane, licensed, {"iata": "PVG"}).status == 200


def test_without_a_collector_the_library_is_not_loaded(settings):
    asked = (
        "import sys, rsgi; from app.worker import process;"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    environment = {
        "DATABASE_URL": settings.database_url,
        "COUNTERFOIL_VAR": str(settings.var),
        "PATH": "",
    }
    shown = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True
    )
    assert shown.stdout.splitlines()[-1] == "[]"
