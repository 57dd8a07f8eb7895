"""Metered calls through the whole data plane, against a real upstream on 127.0.0.1."""

import base64
import hashlib
import json
import socket

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.core.canonical import canonical_bytes
from tests.factories.metering import ORIGIN, SIGNER, World, call, package, per_call
from tests.fakes.metering_ports import FakeWallets
from tests.fakes.upstream_server import UpstreamServer

YUAN = 10**8


@pytest.fixture
def upstream():
    server = UpstreamServer()
    yield server
    server.stop()


@pytest.fixture(params=["threads", "loop"])
def world(request, database_url, units, clock, ids, upstream):
    made = World(database_url, units, clock, ids, served_by=request.param)
    made.publish(f"{upstream.url}/airports")
    yield made
    made.close()


def test_a_hit_is_answered_with_a_receipt_and_charged_once(world, upstream):
    licensed = world.license()
    world.fund(100 * YUAN)
    answer = call(world.plane(), licensed, {"iata": "PVG"})
    assert answer.status == 200, answer.body
    assert answer.json == {"iata": "PVG", "name": "Shanghai Pudong", "lat": "31.1434"}
    assert answer.headers["Outcome"] == "hit"
    assert answer.leaf["amount"] == "40000000"
    assert answer.leaf["n"] == 1
    assert world.sql("SELECT n, units, amount, outcome FROM usage_events") == [
        (1, 1, 40_000_000, "hit")
    ]
    assert world.one("SELECT sum(amount)::bigint FROM fake_postings") == 40_000_000


def test_the_receipt_holds_the_leaf_that_was_logged_and_is_signed(world):
    licensed = world.license()
    world.fund(YUAN)
    answer = call(world.plane(), licensed, {"iata": "PEK"})
    receipt = answer.receipt
    leaf = base64.b64decode(receipt["entry"])
    assert canonical_bytes(json.loads(leaf)) == leaf
    hashed = hashlib.sha256(b"\x00" + leaf).digest()
    assert world.sql("SELECT leaf_hash FROM fake_leaves WHERE entry_type = 'call'") == [(hashed,)]
    assert receipt["promise"] == {
        "origin": ORIGIN,
        "issued_at": answer.leaf["at"],
        "merge_delay_seconds": 60,
    }
    message = b"counterfoil/usage-receipt/v1\x00" + hashed + canonical_bytes(receipt["promise"])
    key = Ed25519PublicKey.from_public_bytes(SIGNER.public_key)
    key.verify(base64.b64decode(receipt["signature"]), message)
    assert receipt["key"] == SIGNER.name


def test_leaves_of_a_lane_are_chained_from_its_opening(world):
    licensed = world.license()
    world.fund(10 * YUAN)
    plane = world.plane()
    answers = [call(plane, licensed, {"iata": code}) for code in ("PVG", "XXX", "SHA")]
    assert [answer.status for answer in answers] == [200, 404, 200]
    leaves = [row[0] for row in world.sql("SELECT leaf FROM fake_leaves ORDER BY id")]
    read = [json.loads(leaf) for leaf in leaves]
    assert [leaf["type"] for leaf in read] == ["lane_opened", "call", "call", "call"]
    hashes = [hashlib.sha256(b"\x00" + leaf).hexdigest() for leaf in leaves]
    assert [leaf["previous"] for leaf in read[1:]] == hashes[:3]
    assert [leaf["total_amount"] for leaf in read[1:]] == ["40000000", "40000000", "80000000"]
    assert [leaf["outcome"] for leaf in read[1:]] == ["hit", "miss", "hit"]


def test_a_miss_is_free_under_a_plan_by_hit(world):
    licensed = world.license(per_call(unit="hit"))
    world.fund(YUAN)
    answer = call(world.plane(), licensed, {"iata": "XXX"})
    assert (answer.status, answer.json, answer.headers["Outcome"]) == (404, {}, "miss")
    assert answer.leaf["amount"] == "0"


def test_a_miss_costs_a_unit_under_a_plan_by_call(world):
    licensed = world.license(per_call(unit="call"))
    world.fund(YUAN)
    assert call(world.plane(), licensed, {"iata": "XXX"}).leaf["amount"] == "40000000"


def test_a_free_plan_needs_no_money_and_has_its_receipts(world):
    licensed = world.license(per_call(unit_price="0"))
    answer = call(world.plane(), licensed, {"iata": "PVG"})
    assert (answer.status, answer.leaf["amount"], answer.leaf["units"]) == (200, "0", 1)
    assert world.sql("SELECT * FROM fake_postings") == []


def test_free_units_come_first(world):
    licensed = world.license(per_call(free_units=2))
    world.fund(YUAN)
    plane = world.plane()
    amounts = [call(plane, licensed, {"iata": "PVG"}).leaf["amount"] for _ in range(3)]
    assert amounts == ["0", "0", "40000000"]


def test_the_supplier_is_asked_with_its_own_credential_and_never_sees_the_buyers_key(
    world, upstream
):
    licensed = world.license()
    world.fund(YUAN)
    call(world.plane(), licensed, {"iata": "PVG"})
    _, path, parameters, headers = upstream.requests[0]
    assert (path, parameters) == ("/airports", {"iata": "PVG"})
    assert headers["X-Supplier-Key"] == "supplier secret"
    assert "Authorization" not in headers
    assert licensed.key not in json.dumps(headers)


def test_only_licensed_fields_are_delivered(world):
    licensed = world.license(fields=["iata"])
    world.fund(YUAN)
    assert call(world.plane(), licensed, {"iata": "PVG"}).json == {"iata": "PVG"}


def test_a_call_may_ask_for_fewer_fields_than_are_licensed(world):
    licensed = world.license(fields=["iata", "name"])
    world.fund(YUAN)
    answer = call(world.plane(), licensed, {"iata": "PVG"}, answer_fields="name")
    assert answer.json == {"name": "Shanghai Pudong"}


def test_asking_for_a_field_without_licence_is_refused(world):
    licensed = world.license(fields=["iata"])
    answer = call(world.plane(), licensed, {"iata": "PVG"}, answer_fields="iata,lat")
    assert answer.status == 403
    assert answer.json["rule"] == "METER-FIELDS"
    assert answer.json["inputs"] == {"not_licensed": "lat"}


def test_rows_are_counted_and_charged_by_the_row(world, upstream):
    listing = world.publish(
        f"{upstream.url}/rows",
        code="S0001-ROWS",
        version="ver_rows",
        fields_in=[{"name": "count", "type": "integer"}],
        outcome_rule={"rows": "/items", "rows_max": 10},
    )
    licensed = world.license(per_call(unit="row"), listing=listing)
    world.fund(100 * YUAN)
    plane = world.plane()
    answer = call(plane, licensed, {"count": "7"})
    assert answer.status == 200, answer.body
    assert (answer.leaf["units"], answer.leaf["amount"]) == (7, str(7 * 40_000_000))
    assert len(answer.json["items"]) == 7
    assert "secret_note" not in answer.json["items"][0]
    assert call(plane, licensed, {"count": "11"}).status == 502


def test_a_listings_own_codes_decide_hit_and_miss(world, upstream):
    listing = world.publish(
        f"{upstream.url}/coded",
        code="S0001-CODED",
        version="ver_coded",
        fields_in=[{"name": "code", "type": "string"}],
        fields_out=[{"name": "code", "type": "string"}, {"name": "name", "type": "string"}],
        outcome_rule={"hit": {"field": "/code", "equals": "01"}},
    )
    licensed = world.license(listing=listing, fields=["code", "name"])
    world.fund(YUAN)
    plane = world.plane()
    assert call(plane, licensed, {"code": "01"}).leaf["outcome"] == "hit"
    missed = call(plane, licensed, {"code": "02"})
    assert (missed.status, missed.leaf["outcome"], missed.leaf["amount"]) == (200, "miss", "0")


def test_a_package_is_used_up_exactly(world):
    licensed = world.license(package(10))
    plane = world.plane()
    statuses = [call(plane, licensed, {"iata": "PVG"}).status for _ in range(12)]
    assert statuses == [200] * 10 + [403] * 2
    refused = call(plane, licensed, {"iata": "PVG"}).json
    assert (refused["type"], refused["bound"]) == ("/problems#quota-exhausted", "units")
    assert world.one("SELECT count(*) FROM usage_events") == 10


def test_the_wallet_is_spent_to_the_last_whole_unit(world):
    licensed = world.license()
    world.fund(2 * YUAN + 39_999_999)
    plane = world.plane()
    statuses = [call(plane, licensed, {"iata": "PVG"}).status for _ in range(7)]
    assert statuses == [200] * 5 + [402] * 2
    plane.close()
    assert world.one("SELECT balance FROM fake_wallets") == 39_999_999
    assert world.one("SELECT count(*) FROM leases WHERE closed_at IS NULL") == 0


def test_closing_gives_everything_back(world):
    licensed = world.license()
    world.fund(100 * YUAN)
    plane = world.plane()
    for _ in range(20):
        assert call(plane, licensed, {"iata": "PVG"}).status == 200
    plane.close()
    assert world.one("SELECT balance FROM fake_wallets") == 100 * YUAN - 20 * 40_000_000
    spent = "SELECT spent_calls, leased_calls, spent_amount, leased_amount FROM entitlements"
    assert world.sql(spent) == [(20, 0, 20 * 40_000_000, 0)]
    assert world.sql("SELECT holder FROM lanes") == [(None,)]
    assert call(plane, licensed, {"iata": "PVG"}).status == 503


def test_a_spending_limit_of_calls_holds(world):
    licensed = world.license(calls_max=3)
    world.fund(100 * YUAN)
    plane = world.plane()
    statuses = [call(plane, licensed, {"iata": "PVG"}).status for _ in range(4)]
    assert statuses == [200, 200, 200, 403]


def test_the_rate_of_the_licence_holds_and_comes_back_with_the_next_second(world, clock):
    licensed = world.license(calls_per_second=5)
    world.fund(100 * YUAN)
    plane = world.plane()
    answers = [call(plane, licensed, {"iata": "PVG"}) for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert answers[0].headers["RateLimit-Policy"] == '"licence";q=5;w=1'
    assert answers[0].headers["RateLimit"] == '"licence";r=4;t=1'
    clock.advance(seconds=1)
    assert call(plane, licensed, {"iata": "PVG"}).status == 200


def test_two_processes_share_the_rate(world):
    licensed = world.license(calls_per_second=20)
    world.fund(100 * YUAN)
    planes = [world.plane(), world.plane()]
    statuses = [call(planes[at % 2], licensed, {"iata": "PVG"}).status for at in range(40)]
    assert statuses.count(200) == 20


def test_refusals_are_free_and_counted(world):
    licensed = world.license(networks=["10.0.0.0/8"])
    plane = world.plane()
    assert call(plane, licensed, {"iata": "PVG"}).status == 403
    assert call(plane, licensed, {"iata": "PVG"}, x_forwarded_for="10.1.1.1").status == 403
    plane.close()
    assert world.sql("SELECT slug, calls_count FROM denial_counts") == [("network-not-allowed", 2)]
    assert world.one("SELECT count(*) FROM usage_events") == 0


def test_a_call_from_an_allowed_network_is_served(world):
    licensed = world.license(networks=["10.0.0.0/8"])
    world.fund(YUAN)
    assert call(world.plane(), licensed, {"iata": "PVG"}, address="10.1.1.1").status == 200


def test_a_post_asks_the_same_as_a_get(world, upstream):
    licensed = world.license()
    world.fund(YUAN)
    answer = call(world.plane(), licensed, {"iata": "PVG"}, method="POST")
    assert (answer.status, answer.json["iata"]) == (200, "PVG")


def test_bad_input_never_reaches_the_supplier_and_costs_nothing(world, upstream):
    licensed = world.license()
    answer = call(world.plane(), licensed, {"iata": "x" * 9, "other": "1"})
    assert answer.status == 422
    assert {error["pointer"] for error in answer.json["errors"]} == {"#/iata", "#/other"}
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("behaviour", "status", "slug"),
    [
        (lambda *_: (500, {}), 502, "upstream-failed"),
        (lambda *_: (302, {}), 502, "upstream-failed"),
        (lambda *_: (401, {}), 502, "upstream-failed"),
        (lambda *_: (400, {}), 422, "input-refused-upstream"),
        (lambda *_: (200, b"<html>"), 502, "answer-breaks-schema"),
        (lambda *_: (200, {"iata": 5, "name": "x"}), 502, "answer-breaks-schema"),
        (lambda *_: (200, {"iata": "PVG"}), 502, "answer-breaks-schema"),
        (lambda *_: (200, b"[" * 100_000), 502, "upstream-failed"),
        (lambda *_: (200, b"[" * 50_000), 502, "answer-breaks-schema"),
        (lambda handler, _: handler.connection.shutdown(socket.SHUT_RDWR), 502, "upstream-failed"),
    ],
    ids=[
        "error",
        "redirect",
        "credential",
        "input",
        "html",
        "wrong-type",
        "missing-field",
        "too-large",
        "too-deep",
        "hung-up",
    ],
)
def test_failures_of_the_supplier_are_free(world, upstream, behaviour, status, slug):
    licensed = world.license()
    world.fund(YUAN)
    upstream.behaviour = behaviour
    plane = world.plane()
    answer = call(plane, licensed, {"iata": "PVG"})
    assert (answer.status, answer.json["type"]) == (status, f"/problems#{slug}")
    assert "Usage-Receipt" not in answer.headers
    plane.close()
    assert world.one("SELECT balance FROM fake_wallets") == YUAN
    assert world.one("SELECT count(*) FROM usage_events") == 0


def test_a_slow_supplier_is_cut_off_and_free(world, upstream):
    listing = world.publish(
        f"{upstream.url}/slow", code="S0001-SLOW", version="ver_slow", timeout_ms=100
    )
    licensed = world.license(listing=listing)
    world.fund(YUAN)
    answer = call(world.plane(), licensed, {"iata": "PVG"})
    assert (answer.status, answer.json["type"]) == (504, "/problems#upstream-timed-out")


def test_a_value_that_the_database_cannot_hold_is_told_as_an_error_and_not_as_an_outage(world):
    """A client that is asked to try again would try for ever."""

    class TooLarge(FakeWallets):
        def reserve(self, connection, **_):
            connection.execute("SELECT (2 ^ 70)::bigint")

    world.fund(YUAN)
    answered = call(world.plane(wallets=TooLarge()), world.license(), {"iata": "PVG"})
    assert answered.status == 500
    assert "Retry-After" not in answered.headers
    assert world.one("SELECT count(*) FROM usage_events") == 0
