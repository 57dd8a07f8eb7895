"""The worker: timed steps, each bounded, each safe to run twice and in several workers at once."""

import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from app.core import outbox
from app.core.errors import CounterfoilError, ErrorKind
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork, UnitOfWorkFactory

if TYPE_CHECKING:
    from app.tracing.spans import Span, Spans

_log = structlog.get_logger("worker")

Handler = Callable[[dict[str, Any]], None]
Mark = Callable[..., None]
OUTBOX_BATCH_MAX = 50
_FAILED_PAUSE_MAX_SECONDS = 60.0


@dataclass(frozen=True)
class Step:
    """Something to do every so often; it returns whether there was work, to come back at once."""

    name: str
    every_seconds: float
    run: Callable[[], bool]

    def pause_after(self, failures: int) -> float:
        """Seconds from one beginning to the next: doubled with each failure, within bounds.

        What is due every minute or hour is no later for it than its next turn.
        """
        longest = max(self.every_seconds, _FAILED_PAUSE_MAX_SECONDS)
        return min(self.every_seconds * 2.0 ** min(failures, 5), longest)


def in_unit(units: UnitOfWorkFactory, action: Callable[[UnitOfWork], Any]) -> Callable[[], bool]:
    """What a step runs: one service in one unit of work; work done means: come back at once."""

    def run() -> bool:
        with units.begin(Reach.EXCHANGE) as uow:
            done = action(uow)
            uow.commit()
        return bool(done)

    return run


class Worker:
    """Runs every step in a thread of its own until it is told to stop."""

    def __init__(self, steps: Sequence[Step], spans: "Spans | None" = None) -> None:
        self._steps = steps
        self._spans = spans
        self._stop = threading.Event()

    def stop(self) -> None:
        """Finish what is running and return."""
        self._stop.set()

    def run(self) -> None:
        """Work until stopped, or until a step cannot go on: whoever started it starts it again."""
        threads = [
            threading.Thread(target=self._work, args=(step,), name=step.name)
            for step in self._steps
        ]
        try:
            for thread in threads:
                thread.start()
        except RuntimeError:  # no room for another thread
            self.stop()
            raise
        for thread in threads:
            thread.join()

    def run_until_signalled(self) -> None:
        """Work until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        self.run()

    def _work(self, step: Step) -> None:
        try:
            self._repeat(step)
        finally:  # also where something ends it that is no `Exception`
            self.stop()

    def _repeat(self, step: Step) -> None:
        failures = 0
        while not self._stop.is_set():
            started = time.monotonic()
            had_work = False
            with self._traced(step) as span:
                try:
                    had_work = step.run()
                    failures = 0
                except Exception as error:  # noqa: BLE001 -- the loop must outlive a failing step
                    failures += 1
                    _log.exception("step failed", step=step.name, failures=failures)
                    if span is not None:
                        span.fail(type(error).__name__)
            if not had_work:
                pause = step.pause_after(failures) - (time.monotonic() - started)
                self._stop.wait(max(pause, 0))

    def _traced(self, step: Step) -> "AbstractContextManager[Span | None]":
        return nullcontext() if self._spans is None else self._spans.root(f"step {step.name}")


def drain_outbox(units: UnitOfWorkFactory, handlers: Mapping[str, Handler]) -> bool:
    """Perform due effects of these topics, outside any transaction; whether there may be more."""
    for _ in range(OUTBOX_BATCH_MAX):
        with units.begin(Reach.EXCHANGE) as uow:
            claimed = outbox.claim_due(uow.session, topics=handlers, at=uow.now)
            uow.commit()
        if claimed is None:
            return False
        mark = _perform(claimed, handlers)
        with units.begin(Reach.EXCHANGE) as uow:
            message = outbox.find_claimed(uow.session, claimed)
            if message is not None:
                mark(message, at=uow.now)
            uow.commit()
    return True


def _perform(message: outbox.OutboxMessage, handlers: Mapping[str, Handler]) -> Mark:
    """Do it; what is to be noted of it."""
    try:
        handlers[message.topic](message.payload)
    except Exception as error:  # noqa: BLE001 -- any failure means: try again later
        is_passing = _is_passing(error)
        event = "effect waits" if is_passing else "effect failed"
        _log.warning(event, topic=message.topic, key=message.key, exc_info=error)
        mark = outbox.mark_waiting if is_passing else outbox.mark_failed
        return partial(mark, error=f"{_word_of(error)}: {error}")
    return outbox.mark_done


def _word_of(error: Exception) -> str:
    return error.slug if isinstance(error, CounterfoilError) else type(error).__name__


def _is_passing(error: Exception) -> bool:
    """Whether time alone mends it: what it needs is away, or it says when to ask again."""
    return isinstance(error, CounterfoilError) and (
        error.kind is ErrorKind.UNAVAILABLE or error.retry_after_seconds is not None
    )
