"""Calls a second, exact over all processes and hosts: each takes tokens of a second in portions.

The store's clock alone says which second it is. A portion carries the instant, on this process's
monotonic clock, at which its second may be over in the store; after it no token of it is used. So
neither clocks that differ nor tokens that were kept can serve more in a second than its limit.

What a call misses is noted, and whoever asks the store asks for everything that was noted: after a
pause a burst of calls needs a portion for each licence, key and upstream, and waits once for all.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from metering.connections import Connections

# Given is what this statement takes: at most half of what is left, so that the last tokens of a
# second are not stranded in one process while another refuses. A statement that waited for the
# row into the next second takes from the second that the row is in; RETURNING tells it the time.
# A row that is further ahead than any wait for its lock is of a clock that was set back since.
# The subjects come sorted, so that two processes cannot wait for each other in a ring.
TAKE = """
INSERT INTO rate_windows AS w (subject, second, most, taken, given)
SELECT v.subject, floor(coalesce(%(at)s, extract(epoch FROM clock_timestamp())))::bigint, v.most,
       v.wanted, v.wanted
FROM unnest(%(subjects)s::text[], %(most)s::bigint[], %(wanted)s::bigint[])
     AS v (subject, most, wanted)
ON CONFLICT (subject) DO UPDATE SET
    second = CASE WHEN excluded.second NOT BETWEEN w.second - 5 AND w.second THEN excluded.second
        ELSE w.second END,
    most = excluded.most,
    taken = CASE WHEN excluded.second NOT BETWEEN w.second - 5 AND w.second THEN excluded.taken
        ELSE w.taken + least(greatest(least(excluded.given, (excluded.most - w.taken) / 2), 1),
                             greatest(excluded.most - w.taken, 0)) END,
    given = CASE WHEN excluded.second NOT BETWEEN w.second - 5 AND w.second THEN excluded.given
        ELSE least(greatest(least(excluded.given, (excluded.most - w.taken) / 2), 1),
                   greatest(excluded.most - w.taken, 0)) END
RETURNING subject, second, taken, given,
          coalesce(%(at)s, extract(epoch FROM clock_timestamp()))::float8
"""
FORGET = "DELETE FROM rate_windows WHERE second < %s"
PORTIONS = 16
"""A process takes a sixteenth of a second's calls at once, so limits below 32 one by one."""
TRIES_MAX = 3
"""How often a call asks for a limit: its second may be over by then, or others used it up."""
IDLE_SECONDS = 60
STORED_SECONDS = 3600
SWEEP_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Limit:
    """So many calls a second of one subject: a key, a licence, a supplier's upstream."""

    name: str
    subject: str
    calls_per_second: int


@dataclass(frozen=True)
class Limits:
    """Every limit that a call stands under, the tightest first."""

    each: tuple[Limit, ...]

    @classmethod
    def of(cls, limits: Iterable[Limit]) -> "Limits":
        """The limits in the order in which they are asked."""
        return cls(tuple(sorted(limits, key=lambda limit: (limit.calls_per_second, limit.name))))

    @cached_property
    def policy(self) -> str:
        """The value of ``RateLimit-Policy`` (draft-ietf-httpapi-ratelimit-headers-11)."""
        return ", ".join(f'"{each.name}";q={each.calls_per_second};w=1' for each in self.each)


class Taken(NamedTuple):
    """What became of a call under its limits, and how the nearest of them stands."""

    is_granted: bool
    nearest: Limit
    calls_left: int
    """Of the nearest limit in this second, as far as this process knows."""
    second: int | None = None
    """The store's second (since 1970) of the tightest limit's token."""

    @property
    def standing(self) -> str:
        """The value of ``RateLimit``: one-second windows, so the next is at most a second off."""
        return f'"{self.nearest.name}";r={self.calls_left};t=1'


@dataclass(slots=True)
class _Window:
    second: int = 0
    tokens: int = 0
    taken_by_all: int = 0
    usable_until: float = float("-inf")
    """On this process's clock: from here on the store may be in another second."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Of the fields above; never held while the store is asked, for the loop may want it."""


class _Portion(NamedTuple):
    """Tokens of a second, and the store's time when it gave them, in seconds since 1970."""

    second: int
    taken_by_all: int
    tokens: int
    store_at: float


class RateLimits:
    """The windows of this process.

    ``now`` is a clock that never goes back, in seconds. ``store_at`` replaces the store's own
    clock, in seconds since 1970; it is for tests whose time stands.
    """

    def __init__(
        self,
        connections: Connections,
        *,
        now: Callable[[], float] = time.monotonic,
        store_at: Callable[[], float] | None = None,
    ) -> None:
        self._connections = connections
        self._now = now if store_at is None else store_at
        self._store_at = store_at
        self._windows: dict[str, _Window] = {}
        self._missed: dict[str, Limit] = {}
        """By subject, what calls found nothing of and nobody has asked for yet."""
        self._noting = threading.Lock()
        self._asking = threading.Lock()
        """Held by the one thread that asks the store."""
        self._swept_at = self._now()

    def take(self, limits: Limits) -> Taken:
        """Take one call of this second under every limit, or none under any."""
        with self._asking:
            for _ in range(TRIES_MAX * len(limits.each)):
                taken = self.take_held(limits)
                if taken is not None:
                    return taken
                self._ask()
        return self.take_held(limits) or Taken(
            is_granted=False, nearest=limits.each[0], calls_left=0
        )

    def take_held(self, limits: Limits) -> Taken | None:
        """As `take`, out of the portions in hand; None where the store must be asked."""
        taken: list[tuple[_Window, int]] = []
        nearest, fewest = limits.each[0], -1
        for place, limit in enumerate(limits.each):
            window = self._window(limit.subject)
            token = self._take_one(window, limit)
            if token is None:
                _put_back(taken)
                self._note_missed(limit, limits.each[place + 1 :])
                return None
            second, left = token
            if second is None:
                _put_back(taken)
                return Taken(is_granted=False, nearest=limit, calls_left=0)
            taken.append((window, second))
            if fewest < 0 or left < fewest:
                nearest, fewest = limit, left
        return Taken(is_granted=True, nearest=nearest, calls_left=fewest, second=taken[0][1])

    def _window(self, subject: str) -> _Window:
        return self._windows.get(subject) or self._windows.setdefault(subject, _Window())

    def _take_one(self, window: _Window, limit: Limit) -> tuple[int | None, int] | None:
        """The second that the token is of (None without one), and the calls left after it.

        None where the store must be asked.
        """
        with window.lock:
            if self._must_ask(window, limit):
                return None
            if not window.tokens:
                return None, 0
            window.tokens -= 1
            left = window.tokens + max(limit.calls_per_second - window.taken_by_all, 0)
            return window.second, left

    def _must_ask(self, window: _Window, limit: Limit) -> bool:
        is_over = self._now() >= window.usable_until
        return is_over or (not window.tokens and window.taken_by_all < limit.calls_per_second)

    def _note_missed(self, first: Limit, others: Iterable[Limit]) -> None:
        """The others may yet refuse nothing: what comes one by one is asked for in its turn."""
        with self._noting:
            self._missed[first.subject] = first
            for limit in others:
                if _portion(limit) > 1 and self._must_ask(self._window(limit.subject), limit):
                    self._missed[limit.subject] = limit

    def _ask(self) -> None:
        """A portion of the store's present second for everything that was missed.

        The caller holds ``_asking``.
        """
        with self._noting:
            missed, self._missed = self._missed, {}
        limits = [missed[subject] for subject in sorted(missed)]
        given = {
            "subjects": [limit.subject for limit in limits],
            "most": [limit.calls_per_second for limit in limits],
            "wanted": [_portion(limit) for limit in limits],
            "at": None if self._store_at is None else self._store_at(),
        }
        asked_at = self._now()
        with self._connections.single() as connection:
            rows = connection.execute(TAKE, given).fetchall()
        for subject, *found in rows:
            self._add(self._window(subject), _Portion(*found), asked_at)

    def _add(self, window: _Window, portion: _Portion, asked_at: float) -> None:
        with window.lock:
            in_hand = window.tokens if window.second == portion.second else 0
            window.second, window.taken_by_all = portion.second, portion.taken_by_all
            window.tokens = in_hand + portion.tokens
            # The store read its clock after we asked: its second is over no sooner than this.
            window.usable_until = asked_at + (portion.second + 1 - portion.store_at)

    def forget_idle(self) -> None:
        """Drop windows of seconds gone by, so that neither this table nor the store's grows."""
        now = self._now()
        for subject, window in list(self._windows.items()):
            if window.usable_until < now - IDLE_SECONDS:
                self._windows.pop(subject, None)
        if now - self._swept_at > SWEEP_SECONDS:
            self._swept_at = now
            with self._connections.transaction() as connection:
                at = connection.execute("SELECT extract(epoch FROM clock_timestamp())").fetchone()
                assert at is not None, "a SELECT without FROM has a row"
                connection.execute(FORGET, (int(at[0]) - STORED_SECONDS,))


def _portion(limit: Limit) -> int:
    return max(1, limit.calls_per_second // PORTIONS)


def _put_back(taken: Sequence[tuple[_Window, int]]) -> None:
    """Tokens of a call that another limit refused; a token of a second gone by is worth nothing."""
    for window, second in taken:
        with window.lock:
            if window.second == second:
                window.tokens += 1
