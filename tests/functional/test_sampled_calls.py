"""An interface is sampled: keys are committed, drawn by the log, called with twice, forgotten."""

import json
import time
from dataclasses import asdict
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from app.core.cipher import Cipher
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from app.probing import ListedUpstreamProbe
from app.worker.quality import quality_steps
from compliance.quality.draws import KEYS_MAX, Beacon, draw_indexes
from compliance.rules.predicates.upstreams import test_calls_fit_the_schema as calls_fit
from compliance.rules.verdicts import Outcome
from compliance.sampling import calling
from compliance.sampling import services as sampling
from compliance.sampling.queries import quality_facts
from metering.delivery.http_upstream import HttpUpstream
from metering.delivery.supplier_files import SupplierHttpFiles
from tests.factories.compliance import dossier, everybody_over_http, field
from tests.factories.quality import commitment, revealed
from tests.fakes.file_server import FileServer
from tests.fakes.upstream_server import AIRPORTS, UpstreamServer

BEACON = Beacon("exchange.example/log/2026", 4711, "cd" * 32)
PARAMETERS = {"calls_min": 1, "sampled_calls_min": 30, "mismatch_max_per_cent": 1}
"""Of rule D4."""
KEYS = [{"code": f"K{n:02d}"} for n in range(70)]


@pytest.fixture
def upstream():
    server = UpstreamServer()
    yield server
    server.stop()


@pytest.fixture
def exchange(app):
    return everybody_over_http(app)


@pytest.fixture
def probe(app):
    return ListedUpstreamProbe(
        units_of(app),
        app.extensions["counterfoil"].get(Cipher),
        HttpUpstream(["127.0.0.1/32"]),
        SupplierHttpFiles(["127.0.0.1/32"]),
    )


def units_of(app):
    return app.extensions["counterfoil"].get(UnitOfWorkFactory)


def submitted(exchange, app):
    exchange.submit()
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        return uow.session.scalar(text("SELECT version_id FROM review_cases"))


def point_at(app, upstream, **changes):
    """Let the reviewed dossier name the test's own upstream."""
    changed = {"upstream": {"url": f"{upstream.url}/airports", "method": "GET"}, **changes}
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        uow.session.execute(
            text("UPDATE review_cases SET dossier = dossier || CAST(:changed AS jsonb)"),
            {"changed": json.dumps(changed)},
        )
        uow.commit()


def test_what_the_exchange_does_not_deliver_is_not_called_and_left_to_the_reviewer(
    exchange, app, probe, upstream
):
    version_id = submitted(exchange, app)
    change = {"delivery_mode": "FEDERATED", "upstream": {"url": upstream.url, "method": "GET"}}
    found = probe.probe(version_id=version_id, dossier=dossier(**change))
    assert (found.calls_count, upstream.requests) == (0, [])
    inputs = {"probe": {"probed_at": "", **asdict(found)}, "quality": None}
    assert calls_fit({**inputs, "parameters": PARAMETERS}).outcome is Outcome.NEEDS_HUMAN


def drawn(exchange, app, version_id):
    body = commitment(KEYS, version_id, key_fields=["name"]) | {"kind": "CALLS"}
    sample = exchange.post("supplier", "/v1/quality-samples", body)
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        sampling.draw_samples(uow, lambda _: BEACON)
        uow.commit()
    return exchange.get("supplier", f"/v1/quality-samples/{sample['id']}")


def work(app, probe):
    registry = app.extensions["counterfoil"]
    parts = SimpleNamespace(units=units_of(app), cipher=registry.get(Cipher))
    _, call = quality_steps(parts, probe)
    return call.run()


def keys_kept(app):
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        return uow.session.execute(text("SELECT state, keys_sealed FROM quality_samples")).one()


def test_drawn_keys_are_called_with_twice_measured_and_forgotten(exchange, app, probe, upstream):
    upstream.behaviour = lambda _, given: (
        200,
        {"name": f"Airport {given['code']}", "city": f"City {given['code']}"},
    )
    version_id = submitted(exchange, app)
    point_at(app, upstream, service_level={"latency_p95_ms": 60_000})
    sample = drawn(exchange, app, version_id)
    assert sample["kind"] == "CALLS"
    assert sample["drawn_indexes"] == draw_indexes(sample["rows_root"], 70, BEACON, KEYS_MAX)
    path = f"/v1/quality-samples/{sample['id']}"
    body = {"rows": revealed(KEYS, sample["drawn_indexes"])}
    exchange.refused(
        "supplier", f"{path}/rows", body, slug="quality-sample-of-other-kind", expect=409
    )
    assert exchange.post("supplier", f"{path}/keys", body, expect=202)["state"] == "REVEALED"
    state, sealed = keys_kept(app)
    assert state == "REVEALED"
    assert b"K0" not in bytes(sealed)
    assert work(app, probe) is True
    assert work(app, probe) is False
    assert keys_kept(app) == ("MEASURED", None)
    assert len(upstream.requests) == 2 * KEYS_MAX
    (report,) = exchange.get("supplier", "/v1/quality-reports")["items"]
    document = report["document"]
    assert document["calls"]["calls_count"] == document["calls"]["usable_count"] == 2 * KEYS_MAX
    assert document["calls"]["latency_p95_ms"] >= 0
    by_code = {each["code"]: each for each in document["indicators"]}
    assert by_code["0601"]["satisfied_count"] == by_code["0602"]["satisfied_count"] == 120
    assert (by_code["0401"]["satisfied_count"], by_code["0401"]["value"]) == (120, "1.000000")
    # 20 complete, 25 accurate, 9 of 15 conforming, 7.5 of 15 consistent, 10 accessible.
    assert document["coverage"] == "0.715000"
    assert report["grade"] in {"A", "B"}
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        facts = quality_facts(uow, version_id)
    assert facts["calls"]["fitting_count"] == 120


def test_answers_that_break_the_schema_are_a_veto_and_fail_the_item(exchange, app, probe, upstream):
    upstream.behaviour = lambda _, given: (200, {"name": 7 if given["code"] < "K05" else "Airport"})
    version_id = submitted(exchange, app)
    point_at(app, upstream)
    sample = drawn(exchange, app, version_id)
    body = {"rows": revealed(KEYS, sample["drawn_indexes"])}
    exchange.post("supplier", f"/v1/quality-samples/{sample['id']}/keys", body, expect=202)
    work(app, probe)
    (report,) = exchange.get("supplier", "/v1/quality-reports")["items"]
    assert report["document"]["vetoes"] == ["LIVE_SCHEMA_MISMATCH"]
    assert report["grade"] == "D"
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        facts = {"quality": quality_facts(uow, version_id), "probe": None}
    assert calls_fit({**facts, "parameters": PARAMETERS}).outcome is Outcome.FAIL


def test_a_dead_system_is_a_result_and_what_another_worker_reported_stays(
    exchange, app, probe, upstream
):
    version_id = submitted(exchange, app)
    point_at(app, upstream)
    sample = drawn(exchange, app, version_id)
    body = {"rows": revealed(KEYS, sample["drawn_indexes"])}
    exchange.post("supplier", f"/v1/quality-samples/{sample['id']}/keys", body, expect=202)
    upstream.stop()
    cipher = app.extensions["counterfoil"].get(Cipher)
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        due = calling.take_due(uow, cipher)
        assert calling.take_due(uow, cipher) is None
        uow.commit()
    called = probe.sample(version_id=due.version_id, dossier=due.dossier, keys=due.keys)
    assert (called.counts.calls_count, called.counts.answered_count) == (120, 0)
    assert (called.rows, called.again) == ([], [])
    for is_first in (True, False):
        with units_of(app).begin(Reach.EXCHANGE) as uow:
            report = calling.report_calls(uow, sample_id=due.sample_id, called=called)
            assert (report is not None) is is_first
            uow.commit()


def test_keys_that_cannot_be_opened_are_passed_over_and_keep_no_other_waiting(
    exchange, app, probe, upstream
):
    version_id = submitted(exchange, app)
    point_at(app, upstream)
    sample = drawn(exchange, app, version_id)
    body = {"rows": revealed(KEYS, sample["drawn_indexes"])}
    exchange.post("supplier", f"/v1/quality-samples/{sample['id']}/keys", body, expect=202)
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        uow.session.execute(text("UPDATE quality_samples SET keys_sealed = 'of another key'"))
        uow.commit()
    assert work(app, probe) is False
    with units_of(app).begin(Reach.EXCHANGE) as uow:
        taken = uow.session.execute(text("SELECT state, calling_at FROM quality_samples")).one()
        assert taken == ("REVEALED", uow.now)


def test_a_miss_is_an_answer_and_a_slow_one_is_not_usable(probe, upstream):
    contents = dossier(
        fields_in=[field("iata", required=True)],
        fields_out=[field("iata"), field("name"), field("lat", type="decimal")],
        upstream={"url": f"{upstream.url}/airports", "method": "GET"},
        service_level={"latency_p95_ms": 1},
    )

    def slowly(handler, given):
        if given["iata"] == "PVG":
            time.sleep(0.01)
        return upstream.answer("/airports", given)

    upstream.behaviour = slowly
    keys = [{"iata": "PVG"}, {"iata": "NIX"}]
    called = probe.sample(version_id="ver_1", dossier=contents, keys=keys)
    assert [row["name"] for row in called.rows] == [AIRPORTS["PVG"]["name"]]
    assert called.counts.answered_count == called.counts.fitting_count == 4
    assert called.counts.usable_count <= 2
    assert called.counts.latency_p95_ms >= 10


def test_every_file_of_a_package_is_asked_for_its_last_byte_before_the_review(exchange, app, probe):
    server = FileServer({"east.csv": b"code,name", "west.csv": b"code"})
    declared = [
        {"name": "east.csv", "size_bytes": 9, "sha256": "ab" * 32},
        {"name": "west.csv", "size_bytes": 4, "sha256": "cd" * 32},
    ]
    version_id = submitted(exchange, app)
    package = {
        "delivery_mode": "FILE_DOWNLOAD",
        "upstream": {"url": server.url, "method": "GET"},
        "fields_in": [],
        "files": declared,
    }
    try:
        found = probe.probe(version_id=version_id, dossier=dossier(**package))
        assert (found.calls_count, found.answered_count, found.fitting_count) == (2, 2, 2)
        assert [asked for _, asked, _ in server.requests] == ["bytes=8-8", "bytes=3-3"]
        server.files["west.csv"] += b"!"
        del server.files["east.csv"]
        found = probe.probe(version_id=version_id, dossier=dossier(**package))
        assert (found.calls_count, found.answered_count, found.fitting_count) == (2, 1, 0)
        assert found.detail == "east.csv: error_status; west.csv: length_differs"
    finally:
        server.stop()
