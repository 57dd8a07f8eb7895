"""A supplier sees what failed of its own, counted, without buyers and without payloads."""

from datetime import UTC, datetime, timedelta

import pytest

from app.core.reach import Reach
from metering import ports
from metering.delivery import http_upstream
from metering.delivery.errors import FailureKind
from metering.delivery.failure_models import list_failures
from metering.ports import UpstreamAnswer, UpstreamTimedOut
from tests.factories.metering import World, call
from tests.fakes.metering_ports import HeldUpstream

PATH = "/v1/delivery-failures"


def test_a_supplier_sees_its_own_failures_and_nothing_of_who_called(worlds):
    world = worlds["a"]
    page = world.supplier.client.get(PATH)
    assert [failure["kind"] for failure in page["items"]] == ["error_status"]
    failure = page["items"][0]
    assert failure["listing_code"] == world.airports.listing_code
    assert (failure["calls_count"], failure["last_detail"]) == (1, "500")
    assert set(failure) == {
        "listing_code",
        "hour",
        "kind",
        "calls_count",
        "last_at",
        "last_detail",
    }


def test_a_buyer_has_none_and_the_exchanges_staff_see_all(worlds):
    assert worlds["a"].buyer.client.get(PATH)["items"] == []
    seen = worlds["a"].staff_client("auditor").get(PATH)["items"]
    assert {failure["listing_code"] for failure in seen} >= {
        world.airports.listing_code for world in worlds.values()
    }


def test_failures_are_filtered(worlds):
    client, code = worlds["a"].supplier.client, worlds["a"].airports.listing_code
    soon = (datetime.now(UTC) + timedelta(hours=2)).isoformat().replace("+00:00", "Z")
    counts = {
        query: len(client.get(f"{PATH}?{query}")["items"])
        for query in (
            f"listing_code={code}",
            f"listing_code={worlds['b'].airports.listing_code}",
            "kind=error_status",
            "kind=timed_out",
            f"until={soon}",
            f"from={soon}",
        )
    }
    assert list(counts.values()) == [1, 0, 1, 0, 1, 0]
    client.send("GET", f"{PATH}?kind=invented")
    assert client.send("GET", f"{PATH}?kind=invented").status == 422


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(10**10)
    yield made
    made.close()


def fails(_parameters):
    raise UpstreamTimedOut


def test_failures_of_an_hour_are_added_up_over_processes_and_the_last_one_is_told(world, clock):
    licensed = world.license()
    answers = iter([500, 503, 429])
    upstream = HeldUpstream(lambda _: UpstreamAnswer(next(answers), b"{}"))
    for _ in range(3):
        plane = world.plane(upstream)
        assert call(plane, licensed, {"iata": "PVG"}).status == 502
        clock.advance(seconds=60)
        plane.close()
    clock.advance(seconds=3600)
    plane = world.plane(HeldUpstream(fails))
    assert call(plane, licensed, {"iata": "PVG"}).status == 504
    plane.close()
    with world.units.begin(Reach.organisation("org_supplier")) as uow:
        found = list_failures(uow.session, None, cursor=None, limit=10).items
        told = [(each.kind, each.calls_count, each.last_detail, each.hour.hour) for each in found]
    assert told == [("timed_out", 1, "", 9), ("error_status", 3, "429", 8)]
    with world.units.begin(Reach.organisation("org_buyer")) as uow:
        assert list_failures(uow.session, None, cursor=None, limit=10).items == []


def test_a_mismatch_names_the_field_and_nothing_of_its_value(world):
    licensed = world.license()
    secret = b'{"iata":"PVG","name":["personal, never to be kept"]}'
    plane = world.plane(HeldUpstream(UpstreamAnswer(200, secret)))
    assert call(plane, licensed, {"iata": "PVG"}).status == 502
    plane.close()
    rows = world.sql("SELECT kind, last_detail, to_jsonb(f)::text FROM delivery_failures AS f")
    assert [row[:2] for row in rows] == [
        ("schema_mismatch", "name is not text, at most 4096 characters")
    ]
    assert "personal" not in rows[0][2]
    assert licensed.buyer_id not in rows[0][2]


def test_an_answer_that_the_rule_calls_a_failure_is_told_as_one_and_free(world):
    rule = {"failure": {"field": "/name", "equals": "down"}}
    listing = world.publish(code="S0001-DECLARED", version="ver_declared", outcome_rule=rule)
    licensed = world.license(listing=listing)
    plane = world.plane(HeldUpstream(UpstreamAnswer(200, b'{"iata":"PVG","name":"down"}')))
    failed = call(plane, licensed, {"iata": "PVG"})
    assert (failed.status, failed.json["type"]) == (502, "/problems#upstream-failed")
    plane.close()
    assert world.sql("SELECT kind, last_detail FROM delivery_failures") == [("declared", "")]
    assert world.one("SELECT count(*) FROM usage_events") == 0


def test_counts_that_cannot_be_written_are_kept(world, clock):
    licensed = world.license()
    plane = world.plane(HeldUpstream(fails))
    failures = plane._failures
    world.connection.execute("ALTER TABLE delivery_failures RENAME TO away")
    for _ in range(2):
        assert call(plane, licensed, {"iata": "PVG"}).status == 504
    with pytest.raises(Exception, match="delivery_failures"):
        failures.write()
    world.connection.execute("ALTER TABLE away RENAME TO delivery_failures")
    assert call(plane, licensed, {"iata": "PVG"}).status == 504
    failures.write()
    assert world.sql("SELECT kind, calls_count FROM delivery_failures") == [("timed_out", 3)]


def test_every_reason_that_an_upstream_gives_is_a_kind():
    reasons = {
        kind.reason
        for module in (http_upstream, ports)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, ports.UpstreamFailed)
    }
    assert reasons <= set(FailureKind)


def test_an_answer_is_timed_and_nothing_else_of_it_is_kept(world):
    licensed = world.license()
    plane = world.plane(HeldUpstream(UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong"}')))
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    plane.close()
    rows = world.sql("SELECT kind, answers_count, to_jsonb(t)::text FROM answer_times AS t")
    assert [row[:2] for row in rows] == [("LATENCY_US", 1)]
    assert "Pudong" not in rows[0][2]
    assert licensed.buyer_id not in rows[0][2]
