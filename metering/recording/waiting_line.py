"""The line of calls that wait for their commit: committers take from it in turn, lane by lane.

A committer's turn ends when its batch waits for the disk alone; the next one then takes what has
come meanwhile. A lane whose calls are being committed is passed over until they are on the disk:
the numbers and hashes of its next calls begin where that commit ends.
"""

import threading
from collections.abc import Iterable

from metering.errors import MeterBusy
from metering.leases.meters import Meter
from metering.recording.pending_calls import PendingCall


class WaitingLine:
    """At most ``most`` calls, taken in batches of at most ``batch_max``; for any threads."""

    def __init__(self, most: int, batch_max: int) -> None:
        self._most = most
        self._batch_max = batch_max
        self._calls: dict[Meter, list[PendingCall]] = {}
        """What waits, by meter, in the order in which the first of each came."""
        self._size = 0
        self._in_commit: set[Meter] = set()
        self._turn: int | None = None
        """The thread whose batch is being made and written."""
        self._is_closed = False
        self._changed = threading.Condition(threading.Lock())

    def put(self, call: PendingCall) -> None:
        """Have the call taken; raises `MeterBusy` when too many wait."""
        with self._changed:
            if self._size >= self._most:
                raise MeterBusy
            self._size += 1
            self._calls.setdefault(call.meter, []).append(call)
            if self._turn is None and call.meter not in self._in_commit:
                self._changed.notify()

    def take(self) -> list[PendingCall]:
        """Wait for one's turn and for calls that may be committed; none is the end of the line."""
        with self._changed:
            while self._turn is not None or not (batch := self._next()):
                if self._is_closed and not self._calls:
                    return []
                self._changed.wait()
            self._turn = threading.get_ident()
            return batch

    def _next(self) -> list[PendingCall]:
        batch: list[PendingCall] = []
        for meter in [meter for meter in self._calls if meter not in self._in_commit]:
            room = self._batch_max - len(batch)
            if not room:
                break
            waiting = self._calls[meter]
            batch += waiting[:room]
            if len(waiting) > room:
                self._calls[meter] = waiting[room:]
            else:
                del self._calls[meter]
            self._in_commit.add(meter)
        self._size -= len(batch)
        return batch

    def go_on(self) -> None:
        """This thread's batch waits for the disk alone: it is another's turn."""
        with self._changed:
            self._end_turn()

    def release(self, batch: Iterable[PendingCall]) -> None:
        """This thread's batch has its verdicts: its lanes' next calls may be taken."""
        with self._changed:
            self._in_commit.difference_update(call.meter for call in batch)
            self._end_turn()

    def _end_turn(self) -> None:
        if self._turn == threading.get_ident():
            self._turn = None
        if self._is_closed:
            self._changed.notify_all()
        elif self._turn is None and self._calls:
            self._changed.notify()

    def close(self) -> None:
        """Let what waits be taken, and then nothing more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
