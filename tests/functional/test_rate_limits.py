"""Calls a second are exact over processes, whatever their clocks say, and cheap where they can."""

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random

import psycopg
import pytest

from metering.connections import Connections
from metering.ports import UpstreamAnswer
from metering.rate_limits import Limit, Limits, RateLimits
from tests.factories.metering import World, call
from tests.fakes.metering_ports import HeldUpstream

YUAN = 10**8
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong"}')


class CountingConnections(Connections):
    """Counts round trips."""

    trips = 0

    @contextmanager
    def single(self):
        self.trips += 1
        with super().single() as connection:
            yield connection


@pytest.fixture
def connections(database_url):
    made = CountingConnections(lambda: psycopg.connect(database_url), size=4)
    yield made
    made.close()


def limits(*numbers):
    names = ("licence", "key", "supplier")
    return Limits.of(
        Limit(name, f"{name}:1", number) for name, number in zip(names, numbers, strict=False)
    )


def at_the_start_of_a_second(connections):
    """Wait until the store's second has just begun, so that a test's calls are of one second."""
    with connections.transaction() as connection:
        connection.execute(
            "SELECT pg_sleep(1.02 - extract(epoch FROM clock_timestamp()) % 1)::text"
        )
    connections.trips = 0


def test_low_limits_cost_a_round_trip_and_high_ones_almost_none(connections):
    rates = RateLimits(connections)
    at_the_start_of_a_second(connections)
    assert [rates.take(limits(5)).is_granted for _ in range(7)] == [True] * 5 + [False] * 2
    assert connections.trips == 5
    other = Limits.of([Limit("licence", "licence:2", 1600)])
    at_the_start_of_a_second(connections)
    granted = sum(rates.take(other).is_granted for _ in range(1000))
    assert granted == 1000
    assert connections.trips <= 20


def test_a_kept_token_is_worth_nothing_when_its_second_may_be_over(connections):
    clock = [1000.0]
    rates = RateLimits(connections, now=lambda: clock[0])
    at_the_start_of_a_second(connections)
    assert rates.take(limits(160)).is_granted
    assert rates.take(limits(160)).is_granted
    assert connections.trips == 1, "a portion of ten"
    clock[0] += 1.0
    assert rates.take(limits(160)).is_granted
    assert connections.trips == 2, "the store says which second it is before any is used"


def test_a_token_is_no_older_than_the_question_for_it(connections, monkeypatch):
    """An answer that was long on its way leaves less of its second, not a second anew."""
    clock = [1000.0]
    rates = RateLimits(connections, now=lambda: clock[0])
    single = connections.single

    @contextmanager
    def slow():
        with single() as connection:
            yield connection
        clock[0] += 1.0

    monkeypatch.setattr(connections, "single", slow)
    at_the_start_of_a_second(connections)
    assert rates.take_held(limits(160)) is None
    rates._ask()
    assert rates.take_held(limits(160)) is None, "its second may be over"


def test_processes_whose_clocks_differ_by_hours_share_the_stores_seconds(connections):
    processes = [
        RateLimits(connections, now=lambda off=off: time.monotonic() + off)
        for off in (0.0, 3600.0, -7200.5)
    ]
    taken = Counter()
    lock = threading.Lock()
    until = time.monotonic() + 3.0

    def serve(rates):
        while time.monotonic() < until:
            found = rates.take(limits(40))
            with lock:
                taken[found.second if found.is_granted else None] += 1

    threads = [threading.Thread(target=serve, args=(rates,)) for rates in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    del taken[None]
    assert max(taken.values()) == 40
    whole = [taken[second] for second in sorted(taken)[1:-1]]
    assert whole
    assert min(whole) >= 36, taken


def test_a_clock_of_the_store_that_was_set_back_does_not_stop_calls(connections):
    at = [5000.0]
    rates = RateLimits(connections, store_at=lambda: at[0])
    assert rates.take(limits(1)).is_granted
    at[0] = 1000.0
    assert RateLimits(connections, store_at=lambda: at[0]).take(limits(1)).is_granted


def test_a_call_that_one_limit_refuses_takes_nothing_from_the_others(connections):
    rates = RateLimits(connections, store_at=lambda: 7.0)
    assert rates.take(limits(10, 2)).is_granted
    assert rates.take(limits(10, 2)).is_granted
    refused = rates.take(limits(10, 2))
    assert (refused.is_granted, refused.nearest.name, refused.calls_left) == (False, "key", 0)
    alone = [rates.take(limits(10)).is_granted for _ in range(9)]
    assert alone == [True] * 8 + [False]
    granted_under_all = rates.take(limits(10, 2, 50))
    assert not granted_under_all.is_granted


def test_tokens_of_a_later_refusal_are_put_back(connections):
    rates = RateLimits(connections, store_at=lambda: 7.0)
    for _ in range(3):
        assert rates.take(Limits.of([Limit("supplier", "supplier:1", 3)])).is_granted
    both = Limits.of([Limit("key", "key:1", 2), Limit("supplier", "supplier:1", 3)])
    assert [rates.take(both).nearest.name for _ in range(3)] == ["supplier"] * 3
    own = Limits.of([Limit("key", "key:1", 2)])
    assert [rates.take(own).is_granted for _ in range(3)] == [True, True, False]


def test_the_nearest_limit_is_the_one_with_the_fewest_calls_left_not_the_lowest(connections):
    rates = RateLimits(connections, store_at=lambda: 7.0)
    supplier = Limit("supplier", "supplier:1", 5)
    for _ in range(4):
        assert rates.take(Limits.of([supplier])).is_granted
    taken = rates.take(Limits.of([Limit("key", "key:1", 3), supplier]))
    assert (taken.is_granted, taken.standing) == (True, '"supplier";r=0;t=1')


def test_tokens_that_were_left_of_a_second_are_none_of_the_next(connections):
    at = [7.0]
    rates = RateLimits(connections, store_at=lambda: at[0])
    assert rates.take(limits(160)).is_granted, "one of a portion of ten"
    at[0] = 8.0
    assert sum(rates.take(limits(160)).is_granted for _ in range(200)) == 160


def test_a_token_comes_back_to_its_own_second_only(connections, monkeypatch):
    at = [7.0]
    rates = RateLimits(connections, store_at=lambda: at[0])
    alone = limits(160)
    assert rates.take(alone).is_granted
    take_one = rates._take_one

    def meanwhile(window, limit):
        if limit.name == "key" and at[0] < 8:
            at[0] = 8.0
            assert rates.take(alone).is_granted
        return take_one(window, limit)

    monkeypatch.setattr(rates, "_take_one", meanwhile)
    assert rates.take_held(limits(160, 170)) is None
    assert sum(rates.take(alone).is_granted for _ in range(200)) == 159


def test_a_burst_waits_once_for_all_that_it_misses(connections):
    rates = RateLimits(connections, store_at=lambda: 7.0)
    calls = [
        Limits.of([Limit("key", f"key:{n}", 160), Limit("supplier", "supplier:1", 1600)])
        for n in range(20)
    ]
    assert [rates.take_held(each) for each in calls] == [None] * 20
    connections.trips = 0
    assert rates.take(calls[0]).is_granted
    assert all(rates.take_held(each).is_granted for each in calls[1:])
    assert connections.trips == 1


def test_what_comes_one_by_one_is_not_taken_for_a_call_that_may_yet_be_refused(connections):
    rates, elsewhere = (RateLimits(connections, store_at=lambda: 7.0) for _ in range(2))
    both = Limits.of([Limit("key", "key:1", 1), Limit("supplier", "supplier:1", 2)])
    assert elsewhere.take(Limits.of([Limit("key", "key:1", 1)])).is_granted
    assert rates.take(both).nearest.name == "key"
    supplier = Limits.of([Limit("supplier", "supplier:1", 2)])
    assert [elsewhere.take(supplier).is_granted for _ in range(3)] == [True, True, False]


def test_a_second_that_ends_between_two_limits_refuses_nobody(connections, monkeypatch):
    at = [7.9]
    single = connections.single

    @contextmanager
    def turning():
        at[0] += 0.05
        with single() as connection:
            yield connection

    monkeypatch.setattr(connections, "single", turning)
    rates = RateLimits(connections, store_at=lambda: at[0])
    assert rates.take(limits(5, 6, 7)).second == 8


def test_processes_that_miss_the_same_subjects_never_wait_for_each_other_in_a_ring(connections):
    subjects = [Limit("key", f"key:{n}", 10**9) for n in range(40)]
    shuffled = Random(7)  # noqa: S311 -- an order, not a secret

    def ask(rates):
        for _ in range(25):
            each = Limits(tuple(shuffled.sample(subjects, len(subjects))))
            rates.take(each)
            rates._windows.clear()

    processes = [RateLimits(connections, store_at=lambda: 7.0) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, processes))
    with connections.single() as connection:
        taken = connection.execute("SELECT DISTINCT taken = most FROM rate_windows").fetchall()
    assert taken == [(True,)], "a hundred portions of a sixteenth"


class Waiting:
    """A database that says nothing until it is let go."""

    def __init__(self, connections):
        self._connections = connections
        self.is_asked, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()

    @contextmanager
    def single(self):
        self.is_asked.set()
        assert self.may_answer.wait(20)
        with self._connections.single() as connection:
            yield connection


def test_who_takes_from_his_hand_never_waits_for_whoever_asks_the_store(connections):
    """The loop that serves every call takes so: it puts a token back while another asks."""
    waiting = Waiting(connections)
    rates = RateLimits(waiting, store_at=lambda: 7.0)
    wide, narrow = Limit("key", "key:1", 2), Limit("licence", "licence:1", 40)
    assert rates.take(Limits.of([wide])).is_granted, "one of two, which come one by one"
    waiting.may_answer.clear()
    waiting.is_asked.clear()
    asking = threading.Thread(target=rates.take, args=(Limits.of([wide]),))
    asking.start()
    assert waiting.is_asked.wait(20)
    window = rates._windows["key:1"]
    window.tokens += 1  # put back by a call that another limit refused
    in_loop = threading.Thread(target=rates.take_held, args=(Limits.of([wide, narrow]),))
    in_loop.start()
    in_loop.join(5)
    assert not in_loop.is_alive()
    assert window.tokens == 1, "taken, and put back because the other limit has none in hand"
    waiting.may_answer.set()
    asking.join(20)
    assert [rates.take(Limits.of([wide])).is_granted for _ in range(2)] == [True, False]


def test_the_table_of_windows_does_not_grow_for_ever(connections):
    now = [0.0]
    rates = RateLimits(connections, now=lambda: now[0])
    assert rates.take(limits(5)).is_granted
    with connections.transaction() as connection:
        connection.execute("UPDATE rate_windows SET second = 1")
    now[0] += 1000.0
    rates.forget_idle()
    with connections.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM rate_windows").fetchone() == (0,)
    assert rates._windows == {}


# Over the whole data plane.


@pytest.fixture(params=["threads", "loop"])
def world(request, database_url, units, clock, ids):
    made = World(database_url, units, clock, ids, served_by=request.param)
    made.fund(100 * YUAN)
    yield made
    made.close()


def test_headers_name_every_limit_and_how_the_nearest_stands(world):
    world.publish(calls_per_second=7)
    licensed = world.license(calls_per_second=9)
    world.sql("UPDATE call_keys SET calls_per_second = 3 RETURNING 1")
    plane = world.plane(HeldUpstream(HIT))
    answers = [call(plane, licensed, {"iata": "PVG"}) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["RateLimit-Policy"] == (
        '"key";q=3;w=1, "supplier";q=7;w=1, "licence";q=9;w=1'
    )
    standing = [answer.headers["RateLimit"] for answer in answers]
    assert standing == [f'"key";r={left};t=1' for left in (2, 1, 0, 0)]
    refused = answers[-1]
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["RateLimit-Policy"] == answers[0].headers["RateLimit-Policy"]
    assert (refused.json["limit"], refused.json["calls_per_second"]) == ("key", 3)


def test_buyers_share_what_the_suppliers_system_takes(world):
    listing = world.publish(calls_per_second=6)
    first, second = (world.license(listing=listing, buyer=f"org_{n}") for n in (1, 2))
    for buyer in ("org_1", "org_2"):
        world.fund(10 * YUAN, buyer)
    upstream = HeldUpstream(HIT)
    plane = world.plane(upstream)
    answers = [call(plane, each, {"iata": "PVG"}) for _ in range(4) for each in (first, second)]
    assert [answer.status for answer in answers].count(200) == 6
    assert json.loads(answers[-1].body)["limit"] == "supplier"
    assert len(upstream.calls) == 6


def test_upstreams_without_a_limit_of_their_own_have_the_installations(world):
    world.publish()
    licensed = world.license()
    plane = world.plane(HeldUpstream(HIT), upstream_calls_per_second=2)
    statuses = [call(plane, licensed, {"iata": "PVG"}).status for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_a_forged_client_address_changes_nothing(world):
    world.publish()
    licensed = world.license(calls_per_second=3, networks=["127.0.0.0/8"])
    plane = world.plane(HeldUpstream(HIT))
    statuses = [
        call(plane, licensed, {"iata": "PVG"}, x_forwarded_for=f"10.0.0.{n}").status
        for n in range(5)
    ]
    assert statuses == [200, 200, 200, 429, 429]
    outside = call(
        plane, licensed, {"iata": "PVG"}, address="203.0.113.9", x_forwarded_for="127.0.0.1"
    )
    assert (outside.status, outside.json["type"]) == (403, "/problems#network-not-allowed")
