"""What was called can be read again: usage, entitlements and receipts, by its parties alone."""

import json

import pytest

from app.core.reach import Reach
from metering import cap_services, queries
from metering.errors import CapBelowSpending, EntitlementNotFound, UsageReceiptNotFound
from metering.ports import UpstreamAnswer
from metering.recording.receipt_queries import StoredReceipts
from tests.factories.metering import SIGNER, World, call
from tests.fakes.metering_ports import HeldUpstream

YUAN = 10**8
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong"}')


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(100 * YUAN)
    yield made
    made.close()


def test_a_receipt_is_the_same_bytes_again_and_only_for_its_parties(world):
    licensed = world.license()
    first = call(world.plane(HeldUpstream(HIT)), licensed, {"iata": "PVG"})
    stored, which = StoredReceipts(lambda _at: SIGNER), {"lane": 1, "n": 1}
    for party in ("org_buyer", "org_supplier"):
        with world.units.begin(Reach.organisation(party)) as uow:
            again = stored.receipt(uow.session, party, licence_id=licensed.licence_id, **which)
        assert json.loads(again) == first.receipt
    with (
        world.units.begin(Reach.organisation("org_other")) as uow,
        pytest.raises(UsageReceiptNotFound),
    ):
        stored.receipt(uow.session, "org_other", licence_id=licensed.licence_id, **which)


def test_the_second_lock_holds_when_the_query_forgets_its_filter(world):
    licensed = world.license()
    call(world.plane(HeldUpstream(HIT)), licensed, {"iata": "PVG"})
    for organisation, seen in (("org_buyer", 1), ("org_supplier", 1), ("org_other", 0)):
        with world.units.begin(Reach.organisation(organisation)) as uow:
            usage = queries.list_usage(uow.session, None, cursor=None, limit=10)
            other = queries.list_usage(
                uow.session, None, listing_code="1000000001-OTHER", cursor=None, limit=10
            )
            same = queries.list_usage(
                uow.session, None, listing_code=licensed.listing_code, cursor=None, limit=10
            )
            held = queries.list_entitlements(uow.session, None, cursor=None, limit=10)
        assert (len(usage.items), len(held.items)) == (seen, seen)
        assert (len(same.items), len(other.items)) == (seen, 0)


def test_usage_is_paged_newest_first(world):
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT))
    for _ in range(5):
        assert call(plane, licensed, {"iata": "PVG"}).status == 200
    numbers, cursor = [], None
    with world.units.begin(Reach.organisation("org_buyer")) as uow:
        while True:
            page = queries.list_usage(uow.session, "org_buyer", cursor=cursor, limit=2)
            numbers += [event.n for event in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert numbers == [5, 4, 3, 2, 1]


def test_a_spending_cap_stops_calls_and_cannot_undercut_what_is_spent(world):
    licensed = world.license()
    cap = {"buyer_id": "org_buyer", "licence_id": licensed.licence_id}
    world.change(cap_services.set_licence_cap, cap_amount=100_000_000, **cap)
    plane = world.plane(HeldUpstream(HIT))
    answers = [call(plane, licensed, {"iata": "PVG"}) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 403]
    assert answers[-1].json["bound"] == "amount"
    with pytest.raises(CapBelowSpending):
        world.change(cap_services.set_licence_cap, cap_amount=1, **cap)


def test_a_cap_of_another_organisations_licence_is_not_found(world):
    licensed = world.license()
    with pytest.raises(EntitlementNotFound):
        world.change(
            cap_services.set_licence_cap,
            buyer_id="org_other",
            licence_id=licensed.licence_id,
            cap_amount=None,
        )


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"method": "HEAD"}, 405),
        ({"method": "DELETE"}, 405),
        ({"method": "POST", "content_type": "text/plain"}, 415),
        ({"method": "POST", "body": b"{"}, 400),
        ({"method": "POST", "body": b'{"iata":"A","iata":"B"}'}, 400),
        ({"method": "POST", "body": b"\xff"}, 400),
        ({"method": "POST", "body": b"[]"}, 400),
        ({"method": "POST", "body": b"[" * 60_000}, 400),
        ({"method": "POST", "body": b" " * 70_000}, 413),
        ({"query": "iata=%ff"}, 400),
        ({"query": "iata=\xe9"}, 400),
        ({"query": "iata=A&iata=B"}, 400),
        ({"query": "a=" + "x" * 9000}, 413),
        ({"query": "iata=%00"}, 422),
        ({"path": "/data/../secret"}, 404),
        ({"path": "/data/S0001-OTHER"}, 403),
        ({"idempotency_key": ""}, 400),
        ({"idempotency_key": "x" * 129}, 400),
        ({"authorization": "Bearer cfk_short"}, 401),
        ({"authorization": "Basic x"}, 401),
        ({"purpose": "MARKETING"}, 403),
    ],
    ids=range(21),
)
def test_bad_requests_get_a_problem_and_reach_nobody(world, given, status):
    licensed = world.license()
    upstream = HeldUpstream(HIT)
    answer = call(world.plane(upstream), licensed, {"iata": "PVG"}, **given)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert upstream.calls == []
    if status == 405:
        assert answer.headers["Allow"] == "GET, POST"
    if given.get("method") != "HEAD":
        assert answer.json["status"] == status
        assert answer.json["instance"] == f"urn:request:{answer.headers['X-Request-Id']}"
