"""The committing threads: many calls, one durable commit, each told its own verdict.

A batch's thread owns its lanes until it is committed: sequence, totals and previous leaf live in
memory between commits, and nobody else touches them. While one commit is on its way to the disk the
next is made, of other lanes; two that both want the processor would only halve each other's batch.
"""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import psycopg
import structlog
from typing_extensions import override

from app.core.clock import Clock, iso_instant
from app.core.errors import CounterfoilError
from app.core.round_trips import RoundTrips
from metering.connections import Connect, Connection, open_connection
from metering.recording.batch_refusals import (
    AnswersExist,
    AuthorityChanged,
    BatchRefused,
    LanesLost,
    SignaturesUsed,
)
from metering.recording.commit_store import CommitStore, find_recorded
from metering.recording.lane_batches import LaneBatch, by_lane
from metering.recording.pending_calls import PendingCall, Verdict
from metering.recording.waiting_line import WaitingLine
from metering.waiting import Waiting

ATTEMPTS_MAX = 6
RECONNECT_SECONDS_MAX = 8.0
LOOK_SECONDS_MAX = 25.0
"""How long the database is waited for that knows the outcome of a commit; calls wait longer."""

# The statements are the same for every batch and find rows by their keys. A plan for one batch's
# sizes would be made anew for the next; made while a table is small, it would read it whole.
PLAN_ONCE = """
SELECT set_config('plan_cache_mode', 'force_generic_plan', false),
       set_config('enable_seqscan', 'off', false)
"""

_log = structlog.get_logger("metering.commit")
_VERDICTS: dict[type[BatchRefused], Verdict] = {
    AuthorityChanged: Verdict.CHANGED,
    AnswersExist: Verdict.ANSWERED_BEFORE,
    SignaturesUsed: Verdict.SIGNED_BEFORE,
}


class GroupCommitter:
    """One per process; `submit` from any thread, then wait for the call's verdict."""

    def __init__(
        self,
        connect: Connect,
        store: CommitStore,
        clock: Clock,
        waiting: Waiting,
        *,
        committers: int = 2,
        batch_max: int = 48,
        queue_max: int = 1024,
    ) -> None:
        self._line = WaitingLine(queue_max, batch_max)
        self._committers = [
            _Committer(self._line, connect, store, clock=clock, waiting=waiting)
            for _ in range(committers)
        ]

    def submit(self, call: PendingCall) -> None:
        """Hand a call over; raises `MeterBusy` when too many wait."""
        self._line.put(call)

    def close(self, *, within_seconds: float = 20.0) -> None:
        """Commit what waits, then stop."""
        self._line.close()
        deadline = time.monotonic() + within_seconds
        for committer in self._committers:
            committer.join(max(deadline - time.monotonic(), 0.0))


class _Committer(threading.Thread):
    """A thread and its connection; each batch is whole in one transaction of it."""

    def __init__(
        self,
        line: WaitingLine,
        connect: Connect,
        store: CommitStore,
        *,
        clock: Clock,
        waiting: Waiting,
    ) -> None:
        super().__init__(name="group-commit", daemon=True)
        self._line = line
        self._connect = connect
        self._store = store
        self._clock = clock
        self._waiting = waiting
        self._trips: RoundTrips | None = None
        self.start()

    @override
    def run(self) -> None:
        """Batch after batch, until the line ends."""
        while batch := self._line.take():
            try:
                self._commit(batch)
            except Exception:  # noqa: BLE001 -- the thread must outlive any batch
                _log.exception("batch failed", calls=len(batch))
                self._give_up(batch)
            finally:
                self._line.release(batch)
        self._drop()

    def _commit(self, calls: list[PendingCall]) -> None:
        firsts, repeats = _split_repeats(calls)
        attempt = self._attempt(firsts, self._clock.now())
        if not attempt.run():
            # One lane's trouble must not cost the others their calls.
            for of_lane in attempt.waiting_by_meter():
                if not self._attempt(of_lane, attempt.at).run():
                    self._give_up(of_lane)
        self._conclude(repeats, Verdict.ANSWERED_BEFORE)

    def _attempt(self, calls: list[PendingCall], at: datetime) -> "_Attempt":
        return _Attempt(
            self._store,
            at,
            calls,
            open_=self._open,
            drop=self._drop,
            conclude=self._conclude,
            said=self._line.go_on,
        )

    def _give_up(self, calls: Sequence[PendingCall]) -> None:
        """They are not recorded, but for those of which nobody could say it."""
        unknown = [call for call in calls if call.is_uncertain and call.verdict is Verdict.WAITING]
        for call in unknown:
            call.meter.abandon()
        self._conclude(unknown, Verdict.UNKNOWN)
        self._conclude(calls, Verdict.FAILED)

    def _conclude(self, calls: Sequence[PendingCall], verdict: Verdict) -> None:
        """Bring those that have none to their verdict, and tell them all at once."""
        waiting = [call for call in calls if call.verdict is Verdict.WAITING]
        for call in waiting:
            call.conclude(verdict)
        if waiting:
            self._waiting.ring([call.decided for call in waiting])

    def _open(self, within_seconds: float) -> RoundTrips:
        if self._trips is None or self._trips.connection.closed:
            self._trips = RoundTrips(_reconnect(self._connect, within_seconds))
        return self._trips

    def _drop(self) -> None:
        if self._trips is not None:
            self._trips.connection.close()
        self._trips = None


def _reconnect(connect: Connect, within_seconds: float) -> Connection:
    """A fresh connection, tried for a while: a killed server recovers within a second or two."""
    deadline, pause = time.monotonic() + within_seconds, 0.02
    while True:
        try:
            return _planning_once(open_connection(connect))
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 2, 0.5)


def _planning_once(connection: Connection) -> Connection:
    connection.execute(PLAN_ONCE)
    return connection


def _split_repeats(calls: list[PendingCall]) -> tuple[list[PendingCall], list[PendingCall]]:
    """Calls that repeat an Idempotency-Key of the same batch are answered from the first."""
    seen: set[tuple[str, str]] = set()
    firsts: list[PendingCall] = []
    repeats: list[PendingCall] = []
    for call in calls:
        key = call.answer_key
        (repeats if key in seen else firsts).append(call)
        if key is not None:
            seen.add(key)
    return firsts, repeats


class _Attempt:
    """One set of calls on its way into the database, with everything that may go wrong."""

    def __init__(
        self,
        store: CommitStore,
        at: datetime,
        calls: list[PendingCall],
        *,
        open_: Callable[[float], RoundTrips],
        drop: Callable[[], None],
        conclude: Callable[[Sequence[PendingCall], Verdict], None],
        said: Callable[[], None],
    ) -> None:
        self.at = at
        self._store = store
        self._open = open_
        self._drop = drop
        self._conclude = conclude
        self._said = said
        self._calls = calls
        self._batches: list[LaneBatch] = []

    def run(self) -> bool:
        """Bring every call to a verdict; False leaves the waiting ones for another way.

        Raises `psycopg.OperationalError` while the database cannot be reached.
        """
        self._rebuild()
        for _ in range(ATTEMPTS_MAX):
            if not self._batches:
                return True
            trips = self._open(RECONNECT_SECONDS_MAX)  # nothing is uncertain before it is said
            try:
                self._store.write(trips, self._batches, self.at, said=self._said)
            except BatchRefused as refused:
                self._exclude(refused)
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                if isinstance(error, _RETRY_ALONE):
                    return False
                self._after_lost_connection(error, trips)
            except (psycopg.Error, CounterfoilError):
                # The books' refusals are facts of their own; both mean that nothing was written.
                _log.exception("batch refused by the database")
                return False
            else:
                self._recorded(self._batches)
                return True
        return False

    def waiting_by_meter(self) -> list[list[PendingCall]]:
        """The calls without verdict, lane by lane."""
        return [list(batch.calls) for batch in self._batches]

    def _rebuild(self) -> None:
        self._conclude([call for call in self._calls if call.meter.lane is None], Verdict.LANE_LOST)
        self._calls = [call for call in self._calls if call.verdict is Verdict.WAITING]
        self._batches = by_lane(self._calls, iso_instant(self.at))

    def _recorded(self, batches: Sequence[LaneBatch]) -> None:
        for batch in batches:
            batch.advance()
            self._conclude(batch.calls, Verdict.RECORDED)

    def _exclude(self, refused: BatchRefused) -> None:
        if any(call.is_uncertain for batch in self._batches for call in batch.calls):
            # The refusal may be our own earlier attempt, found committed after all.
            self._look()
        if isinstance(refused, LanesLost):
            for call in refused.calls:
                if call.verdict is Verdict.WAITING:
                    call.meter.abandon()
            self._conclude(refused.calls, Verdict.LANE_LOST)
        else:
            self._conclude(refused.calls, _VERDICTS[type(refused)])
        self._rebuild()

    def _after_lost_connection(self, error: psycopg.Error, trips: RoundTrips) -> None:
        _log.warning("connection lost in a commit", error=type(error).__name__)
        if trips.connection.closed:  # else the server has answered: nothing was written
            for call in [call for batch in self._batches for call in batch.calls]:
                call.is_uncertain = True
        self._drop()
        self._look()

    def _look(self) -> None:
        """Which batches of an unanswered attempt are on the disk: the last leaf of each tells."""
        recorded = self._recorded_lanes()
        found = [batch for batch in self._batches if batch.lane.lane_id in recorded]
        self._recorded(found)
        # The others keep their leaves byte for byte, so that a late commit is still recognised.
        self._batches = [batch for batch in self._batches if batch not in found]

    def _recorded_lanes(self) -> set[str]:
        deadline = time.monotonic() + LOOK_SECONDS_MAX
        while True:
            connection = self._open(deadline - time.monotonic()).connection
            try:
                return find_recorded(connection, self._batches, self.at)
            except psycopg.OperationalError:
                self._drop()
                if time.monotonic() > deadline:
                    raise


_RETRY_ALONE = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.QueryCanceled,
)
