"""What is traced: what was done and how long it took, and nothing of what was sent."""

import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from structlog.contextvars import get_contextvars

from app.factory import create_control_plane
from app.parts import build_parts
from app.tracing.spans import Spans
from app.web import request_context
from app.worker import steps
from app.worker.steps import Step, Worker
from tests.factories.metering import World, call, per_call
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
    stranger = {"path": "/data/nobody-s-secret-word", "authorization": "Bearer cf_stranger"}
    for method in ("GET", "PUT"):
        call(plane, None, method=method, **stranger)
    plane.close()
    call(plane, None, **stranger)
    sent = b"".join(collector.bodies)
    assert CALL.encode() in sent
    key = licensed.key
    for secret in ("PVG", "QQX", "Pudong", "203.0.113.77", "retry-0815", key, key[:12]):
        assert secret.encode() not in sent
    assert b"nobody-s-secret-word" not in sent
    assert b"cf_stranger" not in sent


def test_a_charged_miss_names_its_listing(world, collector, spans, upstream):
    licensed = world.license(per_call(unit="call"))
    assert call(world.plane(spans=spans), licensed, {"iata": "QQX"}).status == 404
    (traced,) = told(collector, spans, CALL)
    assert traced.facts["counterfoil.listing_code"] == licensed.listing_code
    assert (traced.facts["counterfoil.outcome"], traced.is_failed) == ("miss", False)


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


class Lines:
    """A log that keeps each line's event and what is bound to it."""

    def __init__(self):
        self.traced = []

    def _keep(self, event, **_facts):
        self.traced.append((event, get_contextvars().get("trace_id")))

    info = exception = _keep


@pytest.fixture
def lines(monkeypatch):
    kept = Lines()
    for module in (steps, request_context):
        monkeypatch.setattr(module, "_log", kept)
    return kept


def test_a_step_of_the_worker_is_a_trace(collector, spans, lines):
    def once():
        worker.stop()
        raise LookupError

    worker = Worker([Step("settle", 1.0, once)], spans)
    worker.run()
    (traced,) = told(collector, spans, "step settle")
    assert (traced.is_failed, traced.facts["error.type"]) == (True, "LookupError")
    assert lines.traced == [("step failed", traced.trace_id)]


def test_a_request_that_ends_early_has_its_trace_in_the_log(traced_parts, client, collector, lines):
    answer = client.get("/v1/orders", headers={"Authorization": "Bearer nobody"})
    assert answer.status_code == 401
    (traced,) = told(collector, traced_parts.spans, "GET /v1/orders")
    assert lines.traced == [("request", traced.trace_id)]


def test_nothing_waits_long_for_a_collector_that_says_nothing(world):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        spans = Spans("counterfoil", url, share=1.0)
        plane, licensed = world.plane(spans=spans), world.license()
        for _ in range(1000):
            with spans.root("much"):
                pass
        since = time.monotonic()
        assert call(plane, licensed, {"iata": "PVG"}).status == 200
        spans.close()
        assert time.monotonic() - since < 8.0, "the library alone tries for ten seconds a batch"
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
