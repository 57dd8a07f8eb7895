"""Withdrawals bite on the next call, retries cost nothing, and lost lanes cannot be written."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from app.core.reach import Reach
from metering import services
from metering.leases import upkeep
from metering.ports import UpstreamAnswer
from tests.factories.metering import World, call, package, per_call
from tests.factories.waiting import wait_until
from tests.fakes.clock import START
from tests.fakes.metering_ports import FakeWallets, HeldUpstream

YUAN = 10**8
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","lat":"31.1"}')


@pytest.fixture(params=["threads", "loop"])
def world(request, database_url, units, clock, ids):
    made = World(database_url, units, clock, ids, served_by=request.param)
    made.publish()
    made.fund(100 * YUAN)
    yield made
    made.close()


def revoke(world, licensed):
    world.change(services.revoke_entitlement, licence_id=licensed.licence_id)


def suspend(world, licensed):
    world.change(services.suspend_route, listing_code=licensed.listing_code)


def withdraw(world, licensed):
    world.change(services.withdraw_key, key_id=licensed.key_id)


def rotate(world, licensed):
    """Another key takes its place, without a time in which both are good."""
    world.change(
        services.admit_key,
        key_id=licensed.key_id,
        licence_id=licensed.licence_id,
        organisation_id=licensed.buyer_id,
        secret_hash=hashlib.sha256(licensed.key.encode()).hexdigest(),
        networks=(),
        expires_at=START,
    )


WITHDRAWALS = [
    (revoke, 403, "licence-not-active"),
    (suspend, 403, "listing-not-delivering"),
    (withdraw, 401, "call-key-unknown"),
    (rotate, 401, "call-key-unknown"),
]
NAMES = ["revoked", "suspended", "withdrawn", "rotated"]


@pytest.mark.parametrize(("withdrawal", "status", "slug"), WITHDRAWALS, ids=NAMES)
def test_the_very_next_call_is_refused_even_by_a_worker_that_has_not_heard(
    world, withdrawal, status, slug
):
    licensed = world.license()
    upstream = HeldUpstream(HIT)
    # A cache that nobody refreshes for an hour: only the fence can notice.
    plane = world.plane(upstream, cache_seconds=3600.0)
    plane._calls._callers.forget = lambda *_: None
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    withdrawal(world, licensed)
    forgotten = type(plane._calls._callers).forget
    plane._calls._callers.forget = lambda *given: forgotten(plane._calls._callers, *given)
    answer = call(plane, licensed, {"iata": "PVG"})
    assert (answer.status, answer.json["type"]) == (status, f"/problems#{slug}")
    assert world.one("SELECT count(*) FROM usage_events") == 1
    plane.close()
    assert world.one("SELECT balance FROM fake_wallets") == 100 * YUAN - 40_000_000


@pytest.mark.parametrize(("withdrawal", "status", "slug"), WITHDRAWALS, ids=NAMES)
def test_a_call_in_flight_is_not_delivered_after_a_withdrawal(world, withdrawal, status, slug):
    licensed = world.license()
    upstream = HeldUpstream(HIT)
    plane = world.plane(upstream)
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    upstream.gate.clear()
    upstream.asked.clear()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(call, plane, licensed, {"iata": "PVG"})
        assert upstream.asked.wait(10)
        withdrawal(world, licensed)
        upstream.gate.set()
        answer = waiting.result(20)
    assert (answer.status, answer.json["type"]) == (status, f"/problems#{slug}")
    assert world.one("SELECT count(*) FROM usage_events") == 1


class Uncommitted:
    """A world whose changes are made in one unit of work that is still open."""

    def __init__(self, uow):
        self.uow = uow

    def change(self, service, **facts):
        service(self.uow, **facts)
        self.uow.session.flush()


@pytest.mark.parametrize(("withdrawal", "status", "slug"), WITHDRAWALS, ids=NAMES)
def test_a_call_that_meets_a_withdrawal_at_its_commit_waits_for_it(world, withdrawal, status, slug):
    """Else it would read what stood before, and be delivered after the withdrawal's commit."""
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT), cache_seconds=3600.0)
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    with ThreadPoolExecutor(1) as threads, world.units.begin(Reach.EXCHANGE) as uow:
        withdrawal(Uncommitted(uow), licensed)
        waiting = threads.submit(call, plane, licensed, {"iata": "PVG"})
        with pytest.raises(TimeoutError):
            waiting.result(0.3)
        uow.commit()
        answer = waiting.result(20)
    assert (answer.status, answer.json["type"]) == (status, f"/problems#{slug}")
    assert world.one("SELECT count(*) FROM usage_events") == 1


def narrowed(world, licensed, **terms):
    world.change(
        services.narrow_entitlement,
        licence_id=licensed.licence_id,
        terms={"fields": ["iata"], "purposes": ["CREDIT"]} | terms,
        terms_hash="f" * 64,
        permitted_purposes=["CREDIT"],
        starts_at=world.clock.now() - timedelta(days=1),
        ends_at=world.clock.now() + timedelta(days=2),
    )


def test_a_narrowed_licence_is_held_to_its_new_terms_by_a_call_in_flight(world):
    licensed, upstream = world.license(), HeldUpstream(HIT)
    plane = world.plane(upstream)
    assert set(call(plane, licensed, {"iata": "PVG"}).json) == {"iata", "name", "lat"}
    upstream.gate.clear()
    upstream.asked.clear()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(call, plane, licensed, {"iata": "PVG"})
        assert upstream.asked.wait(10)
        narrowed(world, licensed)
        upstream.gate.set()
        assert waiting.result(20).json == {"iata": "PVG"}


def test_a_narrowed_licence_ends_earlier_and_never_later(world, clock):
    licensed = world.license(days=1)
    narrowed(world, licensed)
    assert world.one("SELECT ends_at FROM entitlements") == clock.now() + timedelta(days=1)


def test_fewer_calls_never_fall_below_those_that_were_made(world):
    licensed = world.license(calls_max=100)
    plane = world.plane(HeldUpstream(HIT))
    for _ in range(3):
        assert call(plane, licensed, {"iata": "PVG"}).status == 200
    plane.close()
    narrowed(world, licensed, calls_max=1)
    assert world.sql("SELECT granted_calls, spent_calls, leased_calls FROM entitlements") == [
        (3, 3, 0)
    ]
    assert call(world.plane(HeldUpstream(HIT)), licensed, {"iata": "PVG"}).status == 403


def test_a_resumed_listing_is_served_again(world):
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT))
    suspend(world, licensed)
    assert call(plane, licensed, {"iata": "PVG"}).status == 403
    world.change(services.resume_route, listing_code=licensed.listing_code)
    world.change(services.revoke_route, listing_code="S0001-OTHER")
    # A worker that has not heard of it yet refuses what it remembers as suspended.
    wait_until(lambda: call(plane, licensed, {"iata": "PVG"}).status == 200)


def test_a_revoked_route_is_not_resumed(world):
    licensed = world.license()
    world.change(services.revoke_route, listing_code=licensed.listing_code)
    world.change(services.resume_route, listing_code=licensed.listing_code)
    assert call(world.plane(HeldUpstream(HIT)), licensed, {"iata": "PVG"}).status == 403


def test_a_licence_ends_when_its_period_does(world, clock):
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT))
    clock.advance(seconds=31 * 86_400)
    answer = call(plane, licensed, {"iata": "PVG"})
    assert (answer.status, answer.json["rule"]) == (403, "METER-PERIOD")


def test_a_retry_is_answered_from_the_store_and_charged_nothing(world):
    licensed = world.license()
    upstream = HeldUpstream(HIT)
    plane = world.plane(upstream)
    first = call(plane, licensed, {"iata": "PVG"}, idempotency_key="retry-1")
    again = call(world.plane(upstream), licensed, {"iata": "PVG"}, idempotency_key="retry-1")
    assert (again.status, again.body, again.receipt) == (200, first.body, first.receipt)
    assert again.headers["Usage-Receipt"] == first.headers["Usage-Receipt"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Idempotency-Key"] == "retry-1"
    assert "Idempotency-Replayed" not in first.headers
    assert len(upstream.calls) == 1
    assert world.one("SELECT sum(amount)::bigint FROM usage_events") == 40_000_000


def test_a_key_cannot_be_used_for_another_call(world):
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT))
    call(plane, licensed, {"iata": "PVG"}, idempotency_key="one")
    answer = call(plane, licensed, {"iata": "SHA"}, idempotency_key="one")
    assert (answer.status, answer.json["type"]) == (422, "/problems#call-idempotency-key-reused")


def test_a_key_cannot_be_used_to_ask_for_other_fields(world):
    """The stored answer has the fields that were asked for then."""
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT))
    given = {"idempotency_key": "once", "answer_fields": "iata"}
    assert call(plane, licensed, {"iata": "PVG"}, **given).json == {"iata": "PVG"}
    for fields in ({"answer_fields": "iata,name"}, {}):
        other = call(plane, licensed, {"iata": "PVG"}, idempotency_key="once", **fields)
        assert (other.status, other.json["type"]) == (422, "/problems#call-idempotency-key-reused")
    assert call(plane, licensed, {"iata": "PVG"}, **given).headers["Idempotency-Replayed"] == "true"


def test_a_failed_call_may_be_tried_again_with_its_key(world):
    licensed = world.license()
    upstream = HeldUpstream(UpstreamAnswer(500, b"{}"))
    plane = world.plane(upstream)
    assert call(plane, licensed, {"iata": "PVG"}, idempotency_key="k").status == 502
    upstream.answer = HIT
    assert call(plane, licensed, {"iata": "PVG"}, idempotency_key="k").status == 200


@pytest.mark.parametrize("planes_count", [1, 2])
def test_racing_retries_are_one_event_whatever_process_they_reach(world, planes_count):
    licensed = world.license()
    upstream = HeldUpstream(HIT)
    planes = [world.plane(upstream) for _ in range(planes_count)]
    for plane in planes:
        assert call(plane, licensed, {"iata": "PVG"}).status == 200
    upstream.gate.clear()
    with ThreadPoolExecutor(8) as threads:
        racing = [
            threads.submit(
                call, planes[at % planes_count], licensed, {"iata": "PVG"}, idempotency_key="race"
            )
            for at in range(8)
        ]
        while len(upstream.calls) < planes_count + 8:
            upstream.asked.wait(0.01)
        upstream.gate.set()
        answers = [race.result(20) for race in racing]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.headers["Usage-Receipt"] for answer in answers}) == 1
    assert world.one("SELECT count(*) FROM call_answers") == 1
    assert world.one("SELECT count(*) FROM usage_events") == planes_count + 1


def test_a_worker_whose_lane_was_taken_back_cannot_write_to_it(world, clock):
    licensed = world.license()
    upstream = HeldUpstream(HIT)
    plane = world.plane(upstream, lease_seconds=1000.0, idle_seconds=1000.0)
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    upstream.gate.clear()
    upstream.asked.clear()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(call, plane, licensed, {"iata": "PVG"})
        assert upstream.asked.wait(10)
        clock.advance(seconds=1001)
        assert reclaim(world) == 1
        upstream.gate.set()
        answer = waiting.result(20)
    # Served all the same, under a lane of a higher epoch: nothing is written with the old one.
    assert answer.status == 200
    assert world.sql("SELECT number, epoch, sequence FROM lanes") == [(1, 3, 2)]
    assert answer.leaf["n"] == 2
    assert_books_balance(world)


def reclaim(world):
    with world.units.begin(Reach.EXCHANGE) as uow:
        count = upkeep.reclaim_leases(uow, FakeWallets())
        uow.commit()
    return count


def assert_books_balance(world):
    """What events, leases, postings and leaves say is the same."""
    per_lease = (
        "SELECT count(*) FROM leases AS l WHERE (l.spent_calls, l.spent_units, l.spent_amount) <>"
        " (SELECT count(*), coalesce(sum(units), 0)::bigint, coalesce(sum(amount), 0)::bigint"
        " FROM usage_events AS u WHERE u.lease_id = l.lease_id)"
    )
    assert world.one(per_lease) == 0
    assert world.one("SELECT coalesce(sum(amount), 0)::bigint FROM usage_events") == world.one(
        "SELECT coalesce(sum(amount), 0)::bigint FROM fake_postings"
    )
    assert world.one("SELECT count(*) FROM usage_events") == world.one(
        "SELECT count(*) FROM fake_leaves WHERE entry_type = 'call'"
    )


def test_a_crashed_workers_lease_comes_back_but_for_what_it_spent(world, clock):
    licensed = world.license(package(100))
    plane = world.plane(HeldUpstream(HIT), idle_seconds=1000.0, lease_seconds=60.0)
    for _ in range(3):
        assert call(plane, licensed, {"iata": "PVG"}).status == 200
    leased = "SELECT spent_units, leased_units FROM entitlements"
    assert world.sql(leased)[0][1] > 0
    crash(plane)
    clock.advance(seconds=59)
    assert reclaim(world) == 0
    clock.advance(seconds=2)
    assert reclaim(world) == 1
    assert world.sql(leased) == [(3, 0)]
    assert reclaim(world) == 0
    assert call(world.plane(HeldUpstream(HIT)), licensed, {"iata": "PVG"}).leaf["n"] == 4


def crash(plane):
    """Stop a plane's threads without giving anything back."""
    committer, housekeeping, listener, *_ = plane._closers
    housekeeping.__self__._chores = ()
    for close in (committer, housekeeping, listener):
        close()
    plane._closers = ()


def test_a_lease_that_the_server_lost_in_a_crash_is_taken_again(world, plant):
    """Leases are not flushed by themselves: the database may wake up without the latest."""
    licensed = world.license(package(100))
    plane = world.plane(HeldUpstream(HIT), idle_seconds=1000.0)
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    plant(
        "DELETE FROM lease_pools",
        "DELETE FROM leases",
        "UPDATE entitlements SET leased_calls = 0, leased_units = 0, spent_calls = 1,"
        " spent_units = 1",
        "UPDATE allowance_pools SET leased_units = 0, spent_units = 1",
    )
    assert call(plane, licensed, {"iata": "PVG"}).status == 200
    # In another lane: to this worker its first one is lost.
    assert world.sql("SELECT number, sequence FROM lanes ORDER BY number") == [(1, 1), (2, 1)]
    plane.close()
    assert world.sql("SELECT spent_units, leased_units FROM entitlements") == [(2, 0)]


def test_a_worker_that_finds_the_money_gone_keeps_no_lane(world):
    class Gone(FakeWallets):
        """Another licence of the buyer is faster, between the look and the lease."""

        def reserve(self, *_, **__):
            return 0

    licensed = world.license()
    world.fund(YUAN)
    plane = world.plane(HeldUpstream(HIT), wallets=Gone())
    for _ in range(2):
        assert call(plane, licensed, {"iata": "PVG"}).status == 402
    assert world.sql("SELECT number, holder FROM lanes") == [(1, None)]


def test_a_worker_that_finds_no_money_opens_no_lane(world):
    licensed = world.license(buyer="org_poor")
    plane = world.plane(HeldUpstream(HIT))
    assert call(plane, licensed, {"iata": "PVG"}).status == 402
    assert world.sql("SELECT number FROM lanes") == []


def test_a_lane_goes_on_where_its_last_holder_stopped(world):
    licensed = world.license()
    for n in (1, 2, 3):
        plane = world.plane(HeldUpstream(HIT))
        leaf = call(plane, licensed, {"iata": "PVG"}).leaf
        assert (leaf["n"], leaf["total_units"], leaf["total_amount"]) == (n, n, str(n * 40_000_000))
        plane.close()
    assert world.sql("SELECT number, epoch, sequence FROM lanes") == [(1, 3, 3)]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE lanes SET epoch = epoch + 1",
        "UPDATE lanes SET sequence = sequence + 1",
        "UPDATE leases SET closed_at = now()",
    ],
)
def test_a_lane_or_lease_that_is_not_as_its_worker_left_it_is_not_written_to(world, change):
    """Each of the three alone stops the commit; the call goes on under a lane of its own."""
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT))
    assert call(plane, licensed, {"iata": "PVG"}).leaf["lane"] == 1
    world.connection.execute(change)
    leaf = call(plane, licensed, {"iata": "PVG"}).leaf
    assert (leaf["lane"], leaf["n"]) == (2, 1)
    assert world.sql("SELECT lane, count(*) FROM usage_events GROUP BY 1 ORDER BY 1") == [
        (1, 1),
        (2, 1),
    ]


def test_many_threads_of_two_processes_sell_a_package_exactly(world):
    licensed = world.license(package(120))
    planes = [world.plane(HeldUpstream(HIT)) for _ in range(2)]
    statuses = []

    def buy(at):
        while True:
            status = call(planes[at % 2], licensed, {"iata": "PVG"}).status
            statuses.append(status)
            if status != 200:
                return

    threads = [threading.Thread(target=buy, args=(at,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses.count(200) == 120
    assert set(statuses) == {200, 403}
    assert world.one("SELECT count(*) FROM usage_events") == 120
    assert_books_balance(world)


def test_free_units_held_idle_by_another_process_are_used_before_money(world):
    licensed = world.license(per_call(free_units=2))
    planes = [world.plane(HeldUpstream(HIT)) for _ in range(2)]
    amounts = [call(planes[at % 2], licensed, {"iata": "PVG"}).leaf["amount"] for at in range(3)]
    assert amounts == ["0", "0", "40000000"]


def test_an_answer_beyond_the_rest_of_the_quota_is_free_and_kept_back(world):
    listing = world.publish(
        code="S0001-ROWS",
        version="ver_rows",
        fields_in=[{"name": "iata", "type": "string"}],
        outcome_rule={"rows": "/items", "rows_max": 5},
    )
    licensed = world.license(package(7, unit="row"), listing=listing)
    row = b'{"iata":"PVG","name":"Pudong"}'
    upstream = HeldUpstream(UpstreamAnswer(200, b'{"items":[' + b",".join([row] * 4) + b"]}"))
    plane = world.plane(upstream)
    assert call(plane, licensed, {"iata": "PVG"}).leaf["units"] == 4
    refused = call(plane, licensed, {"iata": "PVG"})
    assert (refused.status, refused.json["units_left"]) == (403, 3)
    upstream.answer = UpstreamAnswer(200, b'{"items":[' + b",".join([row] * 3) + b"]}")
    assert call(plane, licensed, {"iata": "PVG"}).leaf["units"] == 3
    assert call(plane, licensed, {"iata": "PVG"}).json["type"] == "/problems#quota-exhausted"
