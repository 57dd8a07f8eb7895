"""Calls of the present second, exact over all processes: each takes tokens in small portions."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from metering.connections import Connections

# Given is what this statement takes: at most half of what is left, so that the last tokens of a
# second are not stranded in one process while another refuses. A clock that is behind takes from
# the second that the row is already in.
TAKE = """
INSERT INTO rate_windows AS w (subject, second, taken, given)
VALUES (%(licence_id)s, %(second)s, %(first)s, %(first)s)
ON CONFLICT (subject) DO UPDATE SET
    second = greatest(w.second, excluded.second),
    taken = CASE WHEN w.second < excluded.second THEN %(first)s
        ELSE w.taken + least(greatest(least(%(wanted)s, (%(limit)s - w.taken) / 2), 1),
                             greatest(%(limit)s - w.taken, 0)) END,
    given = CASE WHEN w.second < excluded.second THEN %(first)s
        ELSE least(greatest(least(%(wanted)s, (%(limit)s - w.taken) / 2), 1),
                   greatest(%(limit)s - w.taken, 0)) END
RETURNING second, taken, given
"""
PORTIONS = 16


@dataclass(slots=True)
class _Window:
    second: int = 0
    tokens: int = 0
    taken_by_all: int = 0
    is_empty: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class RateLimits:
    """The windows of this process."""

    def __init__(self, connections: Connections, seconds: Callable[[], float]) -> None:
        self._connections = connections
        self._seconds = seconds
        self._windows: dict[str, _Window] = {}

    def take(self, licence_id: str, limit: int) -> int | None:
        """Take one call of this second; the calls still left in it, or None when there is none."""
        window = self._windows.get(licence_id)
        if window is None:
            window = self._windows.setdefault(licence_id, _Window())
        second = int(self._seconds())
        with window.lock:
            if window.second < second:
                window.second, window.tokens, window.taken_by_all = second, 0, 0
                window.is_empty = False
            if not window.tokens and not window.is_empty:
                self._fetch(window, licence_id, limit, second)
            if not window.tokens:
                return None
            window.tokens -= 1
            return window.tokens + max(limit - window.taken_by_all, 0)

    def _fetch(self, window: _Window, licence_id: str, limit: int, second: int) -> None:
        wanted = max(1, limit // PORTIONS)
        given = {"licence_id": licence_id, "second": second, "limit": limit, "wanted": wanted}
        with self._connections.transaction() as connection:
            row = connection.execute(TAKE, given | {"first": min(wanted, limit)}).fetchone()
        assert row is not None, "the statement always returns the row"
        window.second, window.taken_by_all, window.tokens = row
        window.is_empty = window.tokens == 0

    def forget_idle(self) -> None:
        """Drop windows of seconds gone by, so that the table of them stays small."""
        now = int(self._seconds())
        for licence_id, window in list(self._windows.items()):
            if window.second < now - 60 and not window.lock.locked():
                self._windows.pop(licence_id, None)
