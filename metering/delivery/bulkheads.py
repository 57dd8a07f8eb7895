"""How many calls may wait for one upstream: a share of the places that no other one holds.

The threshold is dynamic (Choudhury and Hahne, 1998): an upstream may hold at most ``SHARE`` times
as many places as are free. One that hangs ends at three quarters of them, two at three sevenths
each; some stay free for every other listing, whoever hangs and however many.
"""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from metering.delivery.errors import UpstreamBusy
from metering.waiting import Signal, Waiting

SHARE = 3
PATIENCE_SECONDS = 0.05
"""How long a call beyond the share waits for one that answers, and how lately it has to have."""


@dataclass(slots=True)
class _Upstream:
    held: int = 0
    waiting: list[Signal] = field(default_factory=list)
    answered_at: float = field(default_factory=time.monotonic)
    """When it last answered, or was first asked: a burst on a fast one begins without an answer."""


class Bulkheads:
    """The places of this process (threads, or calls in its loop), by upstream."""

    def __init__(self, places: int, waiting: Waiting) -> None:
        self._free = places
        self._waiting = waiting
        self._upstreams: dict[str, _Upstream] = {}
        self._lock = threading.Lock()

    async def enter(self, upstream: str) -> None:
        """Take a place, to `leave` again; raises `UpstreamBusy` when it holds its share.

        An upstream that answers is waited for a moment: a burst on a fast one is no hang.
        """
        give_up: float | None = None
        while (full := self._take(upstream)) is not None:
            found, signal = full
            if give_up is None:
                give_up = found.answered_at + PATIENCE_SECONDS
            if not await signal.wait(max(give_up - time.monotonic(), 0.0)):
                with self._lock, suppress(ValueError):
                    found.waiting.remove(signal)
                raise UpstreamBusy

    def leave(self, upstream: str) -> None:
        """Give the place back, and those who wait for one a try."""
        with self._lock:
            found = self._upstreams[upstream]
            self._free += 1
            found.held -= 1
            found.answered_at = time.monotonic()
            waiting, found.waiting = found.waiting, []
            if not found.held:
                del self._upstreams[upstream]
        if waiting:
            self._waiting.ring(waiting)

    def _take(self, upstream: str) -> tuple[_Upstream, Signal] | None:
        """Take a place if there is one; else a signal that is rung when one may be."""
        with self._lock:
            found = self._upstreams.get(upstream)
            if found is None:
                found = self._upstreams[upstream] = _Upstream()
            # The first call is always let in: refusing it would free nothing.
            if found.held > 0 and found.held >= SHARE * self._free:
                signal = self._waiting.signal("place")
                found.waiting.append(signal)
                return found, signal
            found.held += 1
            self._free -= 1
            return None
