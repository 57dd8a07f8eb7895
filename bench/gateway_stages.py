"""CPU time of the stages of a metered call that run in Python, without network or database."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.json_text import load_json
from app.core.signing import Ed25519Signer
from metering.answers.outcomes import Outcome, OutcomeKind
from metering.calls.decisions import CallFacts, decide
from metering.calls.requests import read_call, read_key
from metering.delivery.deliveries import EMPTY, Fetched, shape
from metering.leases.meters import Lease, Meter
from metering.leaves import (
    CallFacts as LeafFacts,
)
from metering.leaves import (
    Commitments,
    LaneNames,
    call_leaf,
    leaf_hash,
)
from metering.recording.receipts import ReceiptParts, receipt_bytes, receipt_header
from metering.views import key_view, licence_view, route_view

REPEATS = 3000
NOW = datetime(2026, 11, 20, tzinfo=UTC)
BODY = b'{"iata":"PVG","name":"Shanghai Pudong","note":"' + b"x" * 900 + b'"}'


def entitled_row() -> dict[str, Any]:
    """A key with its licence and route, as the gateway's query finds them."""
    plan = {
        "kind": "per_call",
        "unit": "call",
        "unit_price": "0.40000000",
        "free_units": 0,
        "currency": "CNY",
        "calls_per_second": 1_000_000,
    }
    fields = [{"name": name, "type": "string"} for name in ("iata", "name", "note")]
    return {
        "key_id": "key_1",
        "secret_hash": "00",
        "networks": [],
        "key_expires_at": None,
        "withdrawn_at": None,
        "licence_id": "lic_1",
        "buyer_id": "org_1",
        "supplier_id": "org_2",
        "listing_code": "S0001-BENCH",
        "version_id": "ver_1",
        "scenario_id": "scn_1",
        "plan_hash": "ab" * 32,
        "plan_terms": plan,
        "terms": {},
        "split": {"supplier": 10_000},
        "currency": "CNY",
        "state": "active",
        "revision": 1,
        "starts_at": NOW - timedelta(days=1),
        "ends_at": NOW + timedelta(days=1),
        "route_state": "open",
        "route_revision": 1,
        "is_capped": False,
        "delivery": {"url": "http://127.0.0.1/", "outcome_rule": {}},
        "fields_in": [{"name": "iata", "type": "string", "required": True}],
        "fields_out": fields,
    }


def _microseconds(action: Callable[[], object]) -> float:
    for _ in range(200):
        action()
    started = time.process_time()
    for _ in range(REPEATS):
        action()
    return round((time.process_time() - started) / REPEATS * 1e6, 2)


def cpu_by_stage() -> dict[str, float]:
    """CPU microseconds a call, by stage."""
    row = entitled_row()
    route = route_view(row, None)  # type: ignore[arg-type] # there is no credential to decrypt
    key = key_view(row, licence_view(row, route))
    licence = key.licence
    environment = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/data/S0001-BENCH",
        "QUERY_STRING": "iata=PVG",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_AUTHORIZATION": "Bearer cfk_00000000_" + "a" * 43,
    }
    facts = CallFacts(NOW, "S0001-BENCH", "127.0.0.1")
    meter = Meter("lic_1", "org_1")
    meter.leases.append(Lease("lse_1", 10**9, 10**9, 0, 10**17))
    held = meter.reserve(licence.bounds, least=1)
    assert held is not None
    fetched = Fetched(200, Outcome(OutcomeKind.HIT, 1), load_json(BODY))
    signer = Ed25519Signer.from_seed("bench/receipts", b"s" * 32)
    names = LaneNames("lic_1", "ver_1", "scn_1", "ab" * 32, "CNY", 1)
    leaf_facts = LeafFacts(1, 1, "hit", iso_instant(NOW), "a" * 64, "b" * 64, "c" * 64, "d" * 32)
    previous, detail_key = "e" * 64, secrets.token_bytes(32)
    detail = canonical_bytes({"key": "key_1", "status": 200, "listing": "S0001-BENCH"})

    def leaf() -> bytes:
        made = call_leaf(names, leaf_facts, n=1, total_units=1, total_amount=1, previous=previous)
        return leaf_hash(made)

    def digests() -> None:
        commitments = Commitments(detail_key)
        commitments.request("GET", "S0001-BENCH", {"iata": "PVG"})
        commitments.response(BODY)
        commitments.detail(detail)

    def reserve() -> None:
        taken = meter.reserve(licence.bounds, least=1)
        assert taken is not None
        meter.settle(taken, None)

    parts = ReceiptParts(b"l" * 900, b"h" * 32, detail, detail_key, leaf_facts.at)
    return {
        "read": _microseconds(
            lambda: (read_key(environment), read_call(environment, body_bytes_max=1024))
        ),
        "decide": _microseconds(lambda: decide(key, facts)),
        "validate_input": _microseconds(lambda: route.request_schema.read({"iata": "PVG"})),
        "reserve_and_settle": _microseconds(reserve),
        "read_answer": _microseconds(
            lambda: route.answer_schema.mismatch(load_json(BODY) or EMPTY, is_hit=True)
        ),
        "project_and_rate": _microseconds(lambda: shape(fetched, licence, None, held)),
        "digests": _microseconds(digests),
        "leaf": _microseconds(leaf),
        "receipt": _microseconds(
            lambda: receipt_header(receipt_bytes(parts, origin="bench", signer=signer))
        ),
    }
