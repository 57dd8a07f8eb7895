"""Processor time of a whole call in the event loop, without network, database or other threads.

The stages by themselves leave out what lies between them: coroutines, values, headers, turns of the
loop. Here the upstream answers and the commit is there at once; the rest is the gateway's own code.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from app.core.clock import SystemClock, iso_instant
from app.core.entropy import EntropyPool
from app.core.ids import IdSource
from app.core.signing import Ed25519Signer
from app.web import rsgi
from app.web.proxies import TrustedProxies
from bench.gateway_stages import BODY, entitled_row
from metering.calls.caller_cache import CallerCache
from metering.calls.service import CallService
from metering.data_plane import DataPlane, DataPlaneSettings
from metering.delivery.answer_times import AnswerTimes
from metering.delivery.bulkheads import Bulkheads
from metering.delivery.places import Places
from metering.delivery.upstream_requests import question_of
from metering.leases.keeper import LeaseKeeper
from metering.leases.meters import Headroom, Lane, Lease
from metering.leases.store import Granted
from metering.leaves import LaneNames
from metering.loop_waiting import LoopWaiting
from metering.ports import Target, UpstreamAnswer
from metering.rate_limits import TAKE, RateLimits
from metering.recording.lane_batches import by_lane
from metering.recording.pending_calls import PendingCall, Verdict

TOGETHER = 64
CALLS_EACH = 10
ROUNDS = 20
PLENTY = 10**15
KEY = "cfk_00000000_" + "a" * 43
PROXIES = TrustedProxies(())
_NOBODY: Any = None
"""What a call like this one never asks."""
SCOPE: Any = SimpleNamespace(
    method="GET",
    path="/data/S0001-BENCH",
    query_string="iata=PVG",
    client="127.0.0.1:1",
    headers={"host": "bench", "authorization": f"Bearer {KEY}"},
)


class _Database:
    """Connections to a database that knows one key, and says so at once."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = row
        self._found: list[Any] = []

    @contextmanager
    def single(self) -> Iterator[Any]:
        """Itself: it is asked in the loop's own thread before anything is measured."""
        yield self

    @contextmanager
    def transaction(self, *, is_flushed: bool) -> Iterator[Any]:  # noqa: ARG002 -- nothing is written
        """Itself."""
        yield self

    def cursor(self, **_: Any) -> Any:
        """Itself again."""
        return self

    def execute(self, query: str, given: Any = None) -> Any:
        """A second that has just begun, with tokens for all; or the key's row."""
        self._found = [self._row]
        if query == TAKE:
            self._found = [(subject, 2**40, 0, PLENTY, 0.0) for subject in given["subjects"]]
        return self

    def fetchall(self) -> list[Any]:
        """What was found."""
        return self._found

    def fetchone(self) -> Any:
        """The first of it."""
        return self._found[0]


class _Leases:
    """Leases more than is ever used."""

    clock = SystemClock()

    def acquire(self, _connection: Any, _wanted: Any) -> Granted:
        """One lease in a new lane."""
        names = LaneNames("lic_1", "ver_1", "scn_1", "ab" * 32, "CNY", 1)
        lease = Lease("lse_1", PLENTY, PLENTY, 0, PLENTY * 10**8)
        slab: Any = None
        return Granted(lease, slab, Lane("lan_1", names, 1, 0, 0, 0, bytes(32)), Headroom())

    def close(self, *_: Any) -> None:
        """Nobody is told."""


class _Upstream:
    """Writes the request, and has the answer in the loop's next turn."""

    def __init__(self) -> None:
        self._places: Places[Any] = Places()

    async def send(self, target: Target, parameters: Mapping[str, Any]) -> UpstreamAnswer:
        """The answer."""
        question_of(target, self._places.of(target), parameters)
        await asyncio.sleep(0)
        return UpstreamAnswer(200, BODY)

    def close(self) -> None:
        """There is no connection."""


class _Committer:
    """Numbers and chains a call, and has its verdict in the loop's next turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._clock = SystemClock()

    def submit(self, call: PendingCall) -> None:
        """A batch of this one call."""
        for batch in by_lane([call], iso_instant(self._clock.now())):
            batch.advance()
        call.conclude(Verdict.RECORDED)
        decided: Any = call.decided
        self._loop.call_soon(decided.ring)


def _row(clock: SystemClock) -> dict[str, Any]:
    return entitled_row() | {
        "secret_hash": hashlib.sha256(KEY.encode()).hexdigest(),
        "starts_at": clock.now() - timedelta(days=1),
        "ends_at": clock.now() + timedelta(days=1),
    }


def _plane(loop: asyncio.AbstractEventLoop) -> DataPlane:
    clock, entropy, nobody = SystemClock(), EntropyPool(secrets.token_bytes), _NOBODY
    database: Any = _Database(_row(clock))
    leases: Any = _Leases()
    committer: Any = _Committer(loop)
    callers = CallerCache(database, nobody, fresh_seconds=3600.0)
    keeper = LeaseKeeper(database, leases)
    waiting = LoopWaiting(loop, _Upstream())
    signer = Ed25519Signer.from_seed("bench/receipts", b"s" * 32)
    calls = CallService(
        clock=clock,
        callers=callers,
        consents=nobody,
        keeper=keeper,
        committer=committer,
        answers=nobody,
        signatures=nobody,
        waiting=waiting,
        bulkheads=Bulkheads(512, waiting),
        times=AnswerTimes(database, clock.now),
        entropy=entropy,
        addresses=nobody,
    )
    return DataPlane(
        DataPlaneSettings(),
        clock=clock,
        ids=IdSource(clock, entropy),
        signer_at=lambda _at: signer,
        callers=callers,
        consents=nobody,
        rates=RateLimits(database),
        denials=nobody,
        failures=nobody,
        calls=calls,
        downloads=nobody,
        waiting=waiting,
        closers=(keeper.close, waiting.close),
    )


async def _calls(plane: DataPlane, count: int) -> None:
    for _ in range(count):
        environment = rsgi.call_environment(SCOPE)
        PROXIES.apply(environment)
        request_id, reply = await plane.reply(environment)
        reply.all_headers(request_id)
        assert reply.status == 200, reply.body


async def _measure() -> float:
    plane = _plane(asyncio.get_running_loop())
    await _calls(plane, 500)
    found = []
    for _ in range(ROUNDS):
        started = time.thread_time()
        await asyncio.gather(*(_calls(plane, CALLS_EACH) for _ in range(TOGETHER)))
        found.append((time.thread_time() - started) / (TOGETHER * CALLS_EACH))
    plane.close()
    return round(min(found) * 1e6, 1)


def cpu_of_whole_call() -> float:
    """CPU microseconds of a call in the loop's thread: the least of many short rounds."""
    return asyncio.run(_measure())
