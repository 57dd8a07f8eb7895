"""An event loop for all calls of a process: they wait without a thread, and without a timer, each.

The loop's own steps never block. What may (a look into the database, a lease, a stored answer) goes
to a few threads, and a committing thread rings the calls of a whole batch at once.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from metering.ports import Target, UpstreamAnswer
from metering.waiting import do_unawaited

Value = TypeVar("Value")
TICK_SECONDS = 0.02
"""How much longer than asked a wait may take."""
ASIDE_THREADS = 8
LENGTHY_THREADS = 32
"""As many as downloads have places, so that one which hangs keeps none waiting."""
TURNS_MAX = 2
"""What a call waits for before it acts for itself: whoever acts may have begun too early for it."""


class LoopUpstream(Protocol):
    """Asks suppliers' systems from within the loop."""

    async def send(self, target: Target, parameters: Mapping[str, Any]) -> UpstreamAnswer:
        """One answer within time and size; raises `UpstreamFailed` or `UpstreamTimedOut`."""
        ...

    def close(self) -> None:
        """Close pooled connections."""
        ...


class Deadlines:
    """Ends waits whose time is over, in ticks: nearly every wait ends long before, and is free."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: dict[int, dict[object, Callable[[], None]]] = {}
        self._next = 0
        self._is_ticking = False

    def add(self, wait: object, seconds: float, end: Callable[[], None]) -> int:
        """Have it ended unless it is removed in time; the tick to remove it with."""
        tick = int((self._loop.time() + seconds) / TICK_SECONDS) + 1
        waits = self._due.get(tick)
        if waits is None:
            waits = self._due[tick] = {}
            if not self._is_ticking:
                self._start()
        waits[wait] = end
        return tick

    def remove(self, wait: object, tick: int) -> None:
        """The wait is over; nothing where its time ended it."""
        waits = self._due.get(tick)
        if waits is not None:
            waits.pop(wait, None)

    def _start(self) -> None:
        self._is_ticking = True
        self._next = int(self._loop.time() / TICK_SECONDS)
        self._loop.call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        now = int(self._loop.time() / TICK_SECONDS)
        while self._next <= now:
            for end in (self._due.pop(self._next, None) or {}).values():
                end()
            self._next += 1
        self._is_ticking = bool(self._due)
        if self._is_ticking:
            self._loop.call_later(TICK_SECONDS, self._tick)


class LoopSignal:
    """A signal for a call in the loop."""

    __slots__ = ("_deadlines", "_future")

    def __init__(self, future: "asyncio.Future[bool]", deadlines: Deadlines) -> None:
        self._future = future
        self._deadlines = deadlines

    async def wait(self, seconds: float) -> bool:
        """Let others go on until it is rung."""
        if self._future.done():
            return self._future.result()
        tick = self._deadlines.add(self, seconds, self._give_up)
        try:
            return await self._future
        finally:
            self._deadlines.remove(self, tick)

    def ring(self) -> None:
        """Let the call go on; in the loop."""
        if not self._future.done():
            self._future.set_result(True)

    def _give_up(self) -> None:
        if not self._future.done():
            self._future.set_result(False)


class LoopWaiting:
    """Satisfies `Waiting` in one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, upstream: LoopUpstream) -> None:
        self._loop = loop
        self._upstream = upstream
        self._deadlines = Deadlines(loop)
        self._threads = ThreadPoolExecutor(ASIDE_THREADS, "metering-aside")
        self._lengthy = ThreadPoolExecutor(LENGTHY_THREADS, "metering-files")
        self._turns: dict[Hashable, asyncio.Future[None]] = {}
        self.ask = upstream.send

    def signal(self, what: str) -> LoopSignal:  # noqa: ARG002 -- told to those who trace
        """A signal of this loop."""
        return LoopSignal(self._loop.create_future(), self._deadlines)

    def ring(self, signals: Iterable[LoopSignal]) -> None:
        """Ring all of them in one turn of the loop."""
        with suppress(RuntimeError):  # a loop that was closed has no calls that wait
            self._loop.call_soon_threadsafe(_ring_all, signals)

    async def aside(self, action: Callable[[], Value]) -> Value:
        """Do it in one of the few threads."""
        return await self._loop.run_in_executor(self._threads, action)

    async def at_length(self, action: Callable[[], Value]) -> Value:
        """Do it in a thread that no call waits for."""
        return await self._loop.run_in_executor(self._lengthy, action)

    def later(self, action: Callable[[], None]) -> None:
        """Have one of the threads do it."""
        self._threads.submit(do_unawaited, action)

    async def in_turn(
        self, subject: Hashable, held: Callable[[], Value | None], action: Callable[[], Value]
    ) -> Value:
        """A burst of calls takes one of the threads, where they would all take what one brings."""
        for _ in range(TURNS_MAX):
            turn = self._turns.get(subject)
            if turn is None:
                return await self._take_turn(subject, action)
            await asyncio.shield(turn)
            found = held()
            if found is not None:
                return found
        return await self.aside(action)

    async def _take_turn(self, subject: Hashable, action: Callable[[], Value]) -> Value:
        turn = self._turns[subject] = self._loop.create_future()
        try:
            return await self.aside(action)
        finally:
            del self._turns[subject]
            turn.set_result(None)

    def close(self) -> None:
        """Close the upstream's connections and end the threads."""
        if self._loop.is_running():
            self._loop.call_soon_threadsafe(self._upstream.close)
        else:
            self._upstream.close()
        self._threads.shutdown()
        self._lengthy.shutdown(wait=False, cancel_futures=True)


def _ring_all(signals: Iterable[LoopSignal]) -> None:
    for signal in signals:
        signal.ring()
