"""Spending caps of a licence, a day and a key hold to the last unit, across workers."""

import hashlib
import threading
from dataclasses import replace

import pytest

from metering import cap_services as caps
from metering import services
from metering.errors import CallKeyNotFound, CapBelowSpending, EntitlementNotFound
from metering.ports import UpstreamAnswer
from tests.factories.metering import World, call, key_text, package
from tests.fakes.metering_ports import HeldUpstream

YUAN = 10**8
PRICE = 40_000_000
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","lat":"31.1"}')


@pytest.fixture(params=["threads", "loop"])
def world(request, database_url, units, clock, ids):
    made = World(database_url, units, clock, ids, served_by=request.param)
    made.publish()
    made.fund(1000 * YUAN)
    yield made
    made.close()


def own(licensed):
    return {"buyer_id": "org_buyer", "licence_id": licensed.licence_id}


def statuses(plane, licensed, times):
    return [call(plane, licensed, {"iata": "PVG"}).status for _ in range(times)]


def second_key(world, licensed):
    """Another key of the same licence."""
    world.number += 1
    key, key_id = key_text(world.number), world.ids.new("key")
    world.change(
        services.admit_key,
        key_id=key_id,
        licence_id=licensed.licence_id,
        organisation_id="org_buyer",
        secret_hash=hashlib.sha256(key.encode()).hexdigest(),
        networks=(),
        expires_at=None,
    )
    return replace(licensed, key=key, key_id=key_id)


def test_a_days_cap_holds_and_opens_again_at_midnight_in_shanghai(world, clock):
    licensed = world.license()
    world.change(caps.set_day_cap, cap_amount=3 * PRICE + 1, **own(licensed))
    plane = world.plane(HeldUpstream(HIT))
    assert statuses(plane, licensed, 5) == [200] * 3 + [403] * 2
    refused = call(plane, licensed, {"iata": "PVG"}).json
    assert (refused["type"], refused["scope"]) == ("/problems#cap-reached", "day")
    assert refused["opens_at"] == "2026-11-20T16:00:00.000000Z"
    clock.advance(seconds=8 * 3600)
    assert statuses(plane, licensed, 4) == [200] * 3 + [403]
    plane.close()
    assert world.sql(
        "SELECT day::text, spent_amount, leased_amount, cap_amount FROM spending_days ORDER BY day"
    ) == [
        ("2026-11-20", 3 * PRICE, 0, 3 * PRICE + 1),
        ("2026-11-21", 3 * PRICE, 0, 3 * PRICE + 1),
    ]


def test_what_a_day_left_on_lease_is_not_spent_on_the_next(world, clock):
    licensed = world.license()
    world.change(caps.set_day_cap, cap_amount=8 * PRICE, **own(licensed))
    plane = world.plane(HeldUpstream(HIT))
    assert statuses(plane, licensed, 1) == [200]
    assert world.one("SELECT leased_amount FROM spending_days") > PRICE
    clock.advance(seconds=8 * 3600)
    assert statuses(plane, licensed, 9) == [200] * 8 + [403]
    plane.close()
    assert world.sql("SELECT spent_amount, leased_amount FROM spending_days ORDER BY day") == [
        (PRICE, 0),
        (8 * PRICE, 0),
    ]


def test_of_several_caps_the_tightest_holds(world):
    licensed = world.license()
    key = {"key_id": licensed.key_id, **own(licensed)}
    world.change(caps.set_licence_cap, cap_amount=5 * PRICE, **own(licensed))
    world.change(caps.set_day_cap, cap_amount=2 * PRICE, **own(licensed))
    world.change(caps.set_key_cap, cap_amount=9 * PRICE, **key)
    plane = world.plane(HeldUpstream(HIT))
    answers = [call(plane, licensed, {"iata": "PVG"}) for _ in range(3)]
    assert [each.status for each in answers] == [200, 200, 403]
    assert answers[-1].json["scope"] == "day"


def test_a_cap_is_not_set_below_what_is_out_on_lease(world):
    licensed = world.license()
    key = {"key_id": licensed.key_id, **own(licensed)}
    world.change(caps.set_key_cap, cap_amount=1000 * PRICE, **key)
    assert statuses(world.plane(HeldUpstream(HIT)), licensed, 1) == [200]
    for setter, whose in (
        (caps.set_licence_cap, own(licensed)),
        (caps.set_day_cap, own(licensed)),
        (caps.set_key_cap, key),
    ):
        with pytest.raises(CapBelowSpending) as refused:
            world.change(setter, cap_amount=PRICE, **whose)
        assert refused.value.facts["committed_amount"] > "0.40000000"


def test_a_days_cap_counts_what_the_day_has_spent_already(world):
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT))
    assert statuses(plane, licensed, 3) == [200] * 3
    plane.close()
    with pytest.raises(CapBelowSpending):
        world.change(caps.set_day_cap, cap_amount=3 * PRICE - 1, **own(licensed))
    world.change(caps.set_day_cap, cap_amount=4 * PRICE, **own(licensed))
    assert statuses(world.plane(HeldUpstream(HIT)), licensed, 2) == [200, 403]


def test_a_keys_cap_bounds_that_key_alone(world):
    licensed = world.license()
    other = second_key(world, licensed)
    world.change(caps.set_key_cap, key_id=licensed.key_id, cap_amount=2 * PRICE, **own(licensed))
    plane = world.plane(HeldUpstream(HIT))
    assert statuses(plane, licensed, 3) == [200, 200, 403]
    refused = call(plane, licensed, {"iata": "PVG"}).json
    assert (refused["scope"], refused["key_id"]) == ("key", licensed.key_id)
    assert statuses(plane, other, 5) == [200] * 5
    plane.close()
    assert world.sql("SELECT spent_amount, leased_amount FROM key_caps") == [(2 * PRICE, 0)]
    assert world.sql("SELECT spent_amount, leased_amount FROM entitlements") == [(7 * PRICE, 0)]
    assert world.one("SELECT count(*) FROM lanes") == 1


def test_a_keys_cap_bites_at_once_also_on_calls_in_flight(world):
    licensed = world.license()
    upstream = HeldUpstream(HIT)
    plane = world.plane(upstream)
    assert statuses(plane, licensed, 1) == [200]
    upstream.gate.clear()
    upstream.asked.clear()
    answers = []
    waiting = threading.Thread(
        target=lambda: answers.append(call(plane, licensed, {"iata": "PVG"}))
    )
    waiting.start()
    assert upstream.asked.wait(10)
    world.change(caps.set_key_cap, key_id=licensed.key_id, cap_amount=PRICE - 1, **own(licensed))
    upstream.gate.set()
    waiting.join(20)
    assert [(answer.status, answer.json["type"]) for answer in answers] == [
        (403, "/problems#cap-reached")
    ]


def test_a_cap_taken_away_and_set_again_counts_anew(world):
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT))
    key = {"key_id": licensed.key_id, **own(licensed)}
    world.change(caps.set_key_cap, cap_amount=10 * PRICE, **key)
    assert statuses(plane, licensed, 2) == [200] * 2
    world.change(caps.set_key_cap, cap_amount=None, **key)
    assert statuses(plane, licensed, 2) == [200] * 2
    plane.close()
    world.change(caps.set_key_cap, cap_amount=PRICE, **key)
    assert statuses(world.plane(HeldUpstream(HIT)), licensed, 2) == [200, 403]
    assert world.one("SELECT count(*) FROM leases WHERE closed_at IS NULL AND key_id IS NULL") == 0


@pytest.mark.parametrize("scope", ["licence", "day", "key"])
def test_many_threads_on_two_workers_spend_a_cap_exactly(world, scope):
    licensed = world.license()
    cap = {"cap_amount": 100 * PRICE + PRICE // 2, **own(licensed)}
    if scope == "key":
        world.change(caps.set_key_cap, key_id=licensed.key_id, **cap)
    else:
        setter = {"licence": caps.set_licence_cap, "day": caps.set_day_cap}[scope]
        world.change(setter, **cap)
    planes = [world.plane(HeldUpstream(HIT)) for _ in range(2)]
    sold = []

    def buy(plane):
        while True:
            status = call(plane, licensed, {"iata": "PVG"}).status
            sold.append(status)
            if status == 403:
                return

    threads = [threading.Thread(target=buy, args=(planes[at % 2],)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert sold.count(200) == 100
    assert set(sold) == {200, 403}
    for plane in planes:
        plane.close()
    assert world.one("SELECT sum(amount)::bigint FROM usage_events") == 100 * PRICE


def test_the_answer_says_what_the_caps_still_allow(world):
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT))
    assert "Cap-Remaining" not in call(plane, licensed, {"iata": "PVG"}).headers
    plane.close()
    world.change(caps.set_licence_cap, cap_amount=5 * PRICE, **own(licensed))
    plane = world.plane(HeldUpstream(HIT))
    left = [call(plane, licensed, {"iata": "PVG"}).headers["Cap-Remaining"] for _ in range(4)]
    assert left == ["1.20000000", "0.80000000", "0.40000000", "0.00000000"]


def test_the_answer_says_what_licence_and_wallet_still_hold(world):
    licensed = world.license(calls_max=10)
    plane = world.plane(HeldUpstream(HIT))
    answers = [call(plane, licensed, {"iata": "PVG"}).headers for _ in range(3)]
    assert [each["Calls-Remaining"] for each in answers] == ["9", "8", "7"]
    left = [each["Balance-Remaining"] for each in answers]
    assert left == ["999.60000000", "999.20000000", "998.80000000"]


def test_what_is_paid_already_says_its_units_and_no_balance(world):
    licensed = world.license(package(3))
    headers = call(world.plane(HeldUpstream(HIT)), licensed, {"iata": "PVG"}).headers
    assert headers["Quota-Remaining"] == "2"
    assert "Balance-Remaining" not in headers
    assert "Calls-Remaining" not in headers


def test_caps_do_not_touch_what_is_paid_already(world):
    licensed = world.license(package(3))
    world.change(caps.set_day_cap, cap_amount=0, **own(licensed))
    assert statuses(world.plane(HeldUpstream(HIT)), licensed, 4) == [200] * 3 + [403]


def test_caps_are_the_buyers_own(world):
    licensed = world.license()
    with pytest.raises(EntitlementNotFound):
        world.change(
            caps.set_day_cap,
            buyer_id="org_supplier",
            licence_id=licensed.licence_id,
            cap_amount=PRICE,
        )
    with pytest.raises(CallKeyNotFound):
        world.change(caps.set_key_cap, key_id="key_none", cap_amount=1, **own(licensed))
    foreign = world.license(buyer="org_other")
    with pytest.raises(CallKeyNotFound):
        world.change(caps.set_key_cap, key_id=foreign.key_id, cap_amount=1, **own(licensed))
