"""How many request threads may wait for one upstream: a share of those that no other one holds.

The threshold is dynamic (Choudhury and Hahne, 1998): an upstream may hold at most ``SHARE`` times
as many threads as are free. One that hangs ends at three quarters of them, two at three sevenths
each; some stay free for every other listing, whoever hangs and however many.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from metering.delivery_errors import UpstreamBusy

SHARE = 3
PATIENCE_SECONDS = 0.05
"""How long a call beyond the share waits for one that answers, and how lately it has to have."""


@dataclass(slots=True)
class _Upstream:
    held: int = 0
    waiting: int = 0
    answered_at: float = field(default_factory=time.monotonic)
    """When it last answered, or was first asked: a burst on a fast one begins without an answer."""


class Bulkheads:
    """The threads of this process, by the upstream that they wait for."""

    def __init__(self, threads: int) -> None:
        self._free = threads
        self._upstreams: dict[str, _Upstream] = {}
        self._changed = threading.Condition()

    @contextmanager
    def place(self, upstream: str) -> Iterator[None]:
        """Ask the upstream within the block; raises `UpstreamBusy` when it holds its share.

        An upstream that answers is waited for a moment: a burst on a fast one is no hang.
        """
        with self._changed:
            found = self._upstreams.setdefault(upstream, _Upstream())
            if self._is_beyond_share(found):
                self._wait(found)
            found.held += 1
            self._free -= 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                found.held -= 1
                found.answered_at = time.monotonic()
                if found.waiting:
                    self._changed.notify_all()
                elif not found.held:
                    del self._upstreams[upstream]

    def _is_beyond_share(self, upstream: _Upstream) -> bool:
        # The first call is always let in: refusing it would free nothing.
        return upstream.held > 0 and upstream.held >= SHARE * self._free

    def _wait(self, upstream: _Upstream) -> None:
        """Until there is a place; raises `UpstreamBusy` when none will come soon."""
        give_up = upstream.answered_at + PATIENCE_SECONDS
        upstream.waiting += 1
        try:
            while self._is_beyond_share(upstream):
                left = give_up - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise UpstreamBusy
        finally:
            upstream.waiting -= 1
