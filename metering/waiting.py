"""How a call waits for what it does not do itself: its rules are written once, for either way.

A call is a coroutine that awaits nothing but these ports. Where a thread serves it they block and
never suspend it, so that one step runs it to its end; in an event loop they let others go on.
"""

import threading
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

import structlog

from metering.ports import Target, Upstream, UpstreamAnswer

Value = TypeVar("Value")
_log = structlog.get_logger("metering.waiting")


class Signal(Protocol):
    """Something that will be told to one call, once."""

    async def wait(self, seconds: float) -> bool:
        """Wait until it is rung; False when that does not happen in time."""
        ...


class Waiting(Protocol):
    """Everything that a call may have to wait for."""

    def signal(self, what: str) -> Signal:
        """A new signal, for the call that asks for it, which waits for ``what``."""
        ...

    def ring(self, signals: Iterable[Any]) -> None:
        """Ring signals of this kind; from any thread."""
        ...

    async def aside(self, action: Callable[[], Value]) -> Value:
        """Do what may block."""
        ...

    def later(self, action: Callable[[], None]) -> None:
        """Have done what may block, and what no call waits for: its errors are logged alone."""
        ...

    async def at_length(self, action: Callable[[], Value]) -> Value:
        """Do what may wait for a supplier as long as a call may, beside what calls wait for."""
        ...

    async def in_turn(
        self, subject: Hashable, held: Callable[[], Value | None], action: Callable[[], Value]
    ) -> Value:
        """Do what may block, one call of a subject at a time.

        The others wait for its end, take what is ``held`` then, and act only where that is nothing.
        """
        ...

    async def ask(self, target: Target, parameters: Mapping[str, Any]) -> UpstreamAnswer:
        """The upstream's answer; raises `UpstreamFailed` and `UpstreamTimedOut`."""
        ...

    def close(self) -> None:
        """Let go of connections and threads."""
        ...


class HeldLock:
    """A signal for a thread: a held lock, a third of what an Event costs a call."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    async def wait(self, seconds: float) -> bool:
        """Block until it is rung."""
        return self._lock.acquire(timeout=seconds)

    def ring(self) -> None:
        """Let the thread go on; once."""
        self._lock.release()


class ThreadWaiting:
    """A thread for each call, which sleeps while it waits."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def signal(self, what: str) -> HeldLock:  # noqa: ARG002 -- told to those who trace
        """A held lock."""
        return HeldLock()

    def ring(self, signals: Iterable[HeldLock]) -> None:
        """Release each."""
        for signal in signals:
            signal.ring()

    async def aside(self, action: Callable[[], Value]) -> Value:
        """Do it here: the thread has nothing else to do."""
        return action()

    async def at_length(self, action: Callable[[], Value]) -> Value:
        """Do it here."""
        return action()

    def later(self, action: Callable[[], None]) -> None:
        """Do it here."""
        do_unawaited(action)

    async def in_turn(
        self,
        subject: Hashable,  # noqa: ARG002 -- threads that act on one subject have its lock
        held: Callable[[], Value | None],  # noqa: ARG002 -- every action looks at that first
        action: Callable[[], Value],
    ) -> Value:
        """Do it here."""
        return action()

    async def ask(self, target: Target, parameters: Mapping[str, Any]) -> UpstreamAnswer:
        """Ask and block."""
        return self._upstream.send(target, parameters)

    def close(self) -> None:
        """Close the upstream's connections."""
        self._upstream.close()


def do_unawaited(action: Callable[[], None]) -> None:
    """Do what nobody waits for, so that nobody but the log can be told of its errors."""
    try:
        action()
    except Exception:  # noqa: BLE001 -- whoever needs the same meets the same error
        _log.exception("failed beside a call")


def finish(call: Coroutine[Any, Any, Value]) -> Value:
    """Run a call whose waiting blocks: it ends without being suspended once."""
    try:
        call.send(None)
    except StopIteration as ended:
        value: Value = ended.value
        return value
    call.close()
    raise RuntimeError("a call was suspended in a thread")  # noqa: TRY003, EM101 -- a mistake of ours
