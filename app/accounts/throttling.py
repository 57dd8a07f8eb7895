"""How many sign-in attempts an address has, and for how long it is locked after them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

ATTEMPTS_FREE = 5
"""Attempts that may be verified before the first lock."""
LOCK_FIRST_SECONDS = 60
LOCK_MAX_SECONDS = 3_600
FORGOTTEN_AFTER = timedelta(hours=24)
"""Failures older than this count no more."""
_DOUBLINGS_MAX = 10


@dataclass(frozen=True)
class Attempts:
    """What is remembered of one address since its last success."""

    count: int
    last_at: datetime
    locked_until: datetime | None


def lock_seconds(count: int) -> int:
    """Seconds of lock after this many attempts: none, then a minute doubling up to an hour."""
    if count < ATTEMPTS_FREE:
        return 0
    doublings = min(count - ATTEMPTS_FREE, _DOUBLINGS_MAX)
    return min(LOCK_FIRST_SECONDS << doublings, LOCK_MAX_SECONDS)


def seconds_locked(attempts: Attempts | None, now: datetime) -> int:
    """Whole seconds until the next attempt is allowed, rounded up; zero means now."""
    if attempts is None or attempts.locked_until is None or attempts.locked_until <= now:
        return 0
    return -((now - attempts.locked_until) // timedelta(seconds=1))


def with_attempt(attempts: Attempts | None, now: datetime) -> Attempts:
    """The memory after one more attempt, counted before its password is checked.

    Counting first is what makes the limit exact: parallel attempts cannot all be verified
    before the first of them is written down, and a killed process leaves the attempt counted.
    """
    is_stale = attempts is None or attempts.last_at <= now - FORGOTTEN_AFTER
    count = 1 if attempts is None or is_stale else attempts.count + 1
    lock = lock_seconds(count)
    return Attempts(count, now, now + timedelta(seconds=lock) if lock else None)
