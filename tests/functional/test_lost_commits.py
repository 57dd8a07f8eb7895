"""The network to the database is cut around a commit: the batch's last leaf decides, once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import psycopg
import pytest

from app.core import round_trips
from metering import connections
from metering.assembly import Outside, build_data_plane
from metering.calls import service
from metering.data_plane import DataPlaneSettings
from metering.delivery.supplier_files import SupplierHttpFiles
from metering.ports import UpstreamAnswer
from metering.recording import group_commit
from tests.factories.metering import CIPHER, SIGNER, World, call
from tests.factories.waiting import wait_until
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.loop_planes import waiting_of
from tests.fakes.metering_ports import FakeBooks, FakeLog, FakeWallets, HeldUpstream

YUAN = 10**8
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong"}')


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(1000 * YUAN)
    yield made
    made.close()


class CommitProxy:
    """A plane whose committing threads alone go through the proxy."""

    def __init__(self, world, folder):
        self.proxy = CuttingProxy(world.database_url, folder)
        self._direct = world.database_url
        self.upstream = HeldUpstream(HIT)
        self.plane = build_data_plane(
            DataPlaneSettings(is_time_of_store=False),
            Outside(
                connect=lambda: psycopg.connect(self._direct),
                clock=world.clock,
                entropy=world.entropy,
                cipher=CIPHER,
                receipt_signer_at=lambda _at: SIGNER,
                wallets=FakeWallets(),
                books=FakeBooks(),
                log=FakeLog(),
                files=SupplierHttpFiles(),
                waiting=waiting_of(self.upstream, None),
            ),
        )
        for committer in self.plane._calls._committer._committers:
            committer._connect = lambda: psycopg.connect(self.proxy.url)
        world.planes.append(self.plane)


@pytest.fixture
def cut(world, tmp_path_factory):
    made = CommitProxy(world, tmp_path_factory.mktemp("px"))
    yield made
    made.proxy.stop()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_whose_answer_is_lost_is_neither_lost_nor_doubled(world, cut, when):
    licensed = world.license()
    assert call(cut.plane, licensed, {"iata": "PVG"}).leaf["n"] == 1
    cut.proxy.cut = when
    answered = call(cut.plane, licensed, {"iata": "PVG"}, idempotency_key="k")
    assert cut.proxy.cuts == 1
    assert (answered.status, answered.leaf["n"]) == (200, 2)
    assert call(cut.plane, licensed, {"iata": "PVG"}).leaf["n"] == 3
    check(world, 3)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_whose_server_falls_silent_is_neither_lost_nor_doubled(
    world, cut, when, monkeypatch
):
    """What was sent is acknowledged, and nothing more is heard on that connection."""
    licensed = world.license()
    assert call(cut.plane, licensed, {"iata": "PVG"}).leaf["n"] == 1
    monkeypatch.setattr(round_trips, "SILENCE_SECONDS_MAX", 1.0)
    cut.proxy.cut, cut.proxy.is_silent = when, True
    answered = call(cut.plane, licensed, {"iata": "PVG"})
    assert cut.proxy.cuts == 1
    assert (answered.status, answered.leaf["n"]) == (200, 2)
    check(world, 2)


@pytest.mark.parametrize("when", ["before", "after"])
def test_calls_in_flight_at_a_lost_commit_are_each_recorded_once(world, cut, when):
    licensed = [world.license() for _ in range(3)]
    for each in licensed:
        assert call(cut.plane, each, {"iata": "PVG"}).status == 200
    for turn in range(4):
        cut.upstream.gate.clear()
        with ThreadPoolExecutor(12) as threads:
            calling = [
                threads.submit(
                    call,
                    cut.plane,
                    licensed[at % 3],
                    {"iata": "PVG"},
                    idempotency_key=f"{turn}-{at}",
                )
                for at in range(12)
            ]
            cut.proxy.cut = when
            cut.upstream.gate.set()
            answers = [each.result(30) for each in calling]
        assert {each.status for each in answers} == {200}
        assert len({each.headers["Usage-Receipt"] for each in answers}) == 12
    assert cut.proxy.cuts == 4
    check(world, 3 + 48)


def check(world, count):
    assert world.one("SELECT count(*) FROM usage_events") == count
    assert world.one("SELECT count(*) FROM fake_leaves WHERE entry_type = 'call'") == count
    assert world.one("SELECT sum(amount)::bigint FROM fake_postings") == count * 40_000_000
    assert world.one("SELECT sum(sequence)::bigint FROM lanes") == count
    twice = "SELECT lane_id, n FROM usage_events GROUP BY 1, 2 HAVING count(*) > 1"
    assert world.sql(twice) == []


class Scripted:
    """A commit store with a script: what happens at each attempt, instead of it or before."""

    def __init__(self, store, *script):
        self._store = store
        self._script = list(script)

    def write(self, trips, batches, at, *, said):
        if self._script:
            self._script.pop(0)(lambda: self._store.write(trips, batches, at, said=said), trips)
        else:
            self._store.write(trips, batches, at, said=said)

    def __getattr__(self, name):
        return getattr(self._store, name)


def lost(_write, trips):
    trips.connection.close()
    raise psycopg.OperationalError


def written_and_lost(write, trips):
    write()
    lost(write, trips)


def written_late(write, _trips):
    """What an earlier attempt sent gets through while this one waits for its lock."""
    write()
    raise psycopg.errors.LockNotAvailable


def refused(_write, _trips):
    raise psycopg.errors.CheckViolation


@pytest.fixture
def scripted(world):
    """A plane whose commits go by a script, once its lane is open."""

    def prepare(licensed, *script, reconnect=None):
        plane = world.plane(HeldUpstream(HIT))
        assert call(plane, licensed, {"iata": "PVG"}).leaf["n"] == 1
        for committer in plane._calls._committer._committers:
            committer._store = Scripted(committer._store, *script)
            if reconnect is not None:
                committer._connect = reconnect
        return plane

    return prepare


def test_a_commit_that_comes_late_is_recognised_by_the_retry_of_its_lane(world, scripted):
    licensed = world.license()
    answered = call(scripted(licensed, lost, written_late), licensed, {"iata": "PVG"})
    assert (answered.status, answered.leaf["n"]) == (200, 2)
    check(world, 2)


def test_a_commit_whose_lane_another_worker_went_on_with_is_not_made_again(world, scripted):
    """The database was away for longer than a lane is held, and came back to both at once."""
    licensed = world.license()

    def gone_on(write, trips):
        write()
        world.clock.advance(seconds=60)
        assert call(world.plane(HeldUpstream(HIT)), licensed, {"iata": "PVG"}).leaf["n"] == 3
        lost(write, trips)

    answered = call(scripted(licensed, gone_on), licensed, {"iata": "PVG"})
    assert (answered.status, answered.leaf["n"]) == (200, 2)
    check(world, 3)


class Database:
    """The database as committing threads reach it, until it goes away for good."""

    def __init__(self, url):
        self._url = url
        self.is_away = False

    def connect(self):
        if self.is_away:
            raise psycopg.OperationalError
        return psycopg.connect(self._url)


@pytest.fixture
def database(world, monkeypatch):
    monkeypatch.setattr(group_commit, "LOOK_SECONDS_MAX", 0.2)
    monkeypatch.setattr(group_commit, "RECONNECT_SECONDS_MAX", 0.2)
    return Database(world.database_url)


@pytest.mark.parametrize(("what", "count"), [(written_and_lost, 2), (lost, 1)])
def test_an_outcome_that_nobody_can_tell_is_not_called_free(world, scripted, database, what, count):
    def gone(write, trips):
        database.is_away = True
        what(write, trips)

    licensed = world.license()
    plane = scripted(licensed, gone, reconnect=database.connect)
    answered = call(plane, licensed, {"iata": "PVG"}, idempotency_key="k")
    assert (answered.status, answered.json["type"]) == (503, "/problems#call-outcome-unknown")
    assert answered.headers["Retry-After"] == "5"
    assert world.one("SELECT count(*) FROM usage_events") == count
    another = world.plane(HeldUpstream(HIT))
    for _ in range(2):
        assert call(another, licensed, {"iata": "PVG"}, idempotency_key="k").status == 200
    assert world.one("SELECT count(*) FROM usage_events") == 2


def test_what_was_never_said_to_the_database_is_free(world, scripted, database):
    licensed = world.license()
    plane = scripted(licensed, reconnect=database.connect)
    database.is_away = True
    for committer in plane._calls._committer._committers:
        committer._drop()
    answered = call(plane, licensed, {"iata": "PVG"})
    assert (answered.status, answered.json["type"]) == (503, "/problems#meter-unavailable")
    check(world, 1)


def test_a_refusal_after_an_attempt_without_answer_is_not_called_free(world, scripted):
    licensed = world.license()
    plane = scripted(licensed, lost, refused, refused)
    answered = call(plane, licensed, {"iata": "PVG"})
    assert (answered.status, answered.json["type"]) == (503, "/problems#call-outcome-unknown")


def test_a_call_that_waited_too_long_for_its_commit_is_not_called_free(
    world, scripted, monkeypatch
):
    monkeypatch.setattr(service, "WAIT_SECONDS_MAX", 0.1)
    gate = threading.Event()
    licensed = world.license()

    def held(write, _trips):
        assert gate.wait(60)
        write()

    answered = call(scripted(licensed, held), licensed, {"iata": "PVG"})
    assert (answered.status, answered.json["type"]) == (503, "/problems#call-outcome-unknown")
    gate.set()
    wait_until(lambda: world.one("SELECT count(*) FROM usage_events") == 2)


@pytest.fixture
def patient_commits(monkeypatch):
    """A commit waits for a lock as long as a busy machine takes to come to it."""
    prepare = connections.PREPARE.replace("'2000'", "'30000'").replace("'10000'", "'60000'")
    assert prepare.count("0000'") == 2
    monkeypatch.setattr(connections, "PREPARE", prepare)


@pytest.mark.usefixtures("patient_commits")
def test_what_waits_for_its_commit_is_bounded_and_what_is_beyond_is_told_to_come_back(world):
    """Back-pressure: 503 with Retry-After at once, free; what was let in is answered in the end."""
    licensed = world.license()
    upstream = HeldUpstream(HIT)
    plane = world.plane(upstream, queue_max=2)
    # Enough that the lease in hand serves all the calls: the lane's row is locked meanwhile.
    assert {call(plane, licensed, {"iata": "PVG"}).status for _ in range(30)} == {200}
    with psycopg.connect(world.database_url) as blocker, ThreadPoolExecutor(10) as threads:
        blocker.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")
        blocker.execute("LOCK TABLE usage_events IN EXCLUSIVE MODE")
        calling = [threads.submit(call, plane, licensed, {"iata": "PVG"})]
        until_somebody_waits_for_a_lock(world)  # or the commit would take a second call with it
        calling += [threads.submit(call, plane, licensed, {"iata": "PVG"}) for _ in range(9)]
        refused = done_within(calling, 7)
        assert {each.status for each in refused} == {503}
        assert {each.json["type"] for each in refused} == {"/problems#meter-busy"}
        assert {each.headers["Retry-After"] for each in refused} == {"1"}
        blocker.rollback()
        served = [each.result(30) for each in calling if each.result(30).status == 200]
    assert len(served) == 3, "one in the commit, two that wait"
    assert world.one("SELECT count(*) FROM usage_events") == 30 + 3


def until_somebody_waits_for_a_lock(world):
    deadline = time.monotonic() + 20
    while not world.one(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ):
        assert time.monotonic() < deadline


def done_within(calling, count):
    """The first so many results; raises TimeoutError when they do not come soon."""
    found = []
    for each in as_completed(calling, timeout=20):
        found.append(each.result())
        if len(found) == count:
            return found
    raise AssertionError
