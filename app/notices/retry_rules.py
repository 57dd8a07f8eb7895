"""When a delivery is tried again, when it is given up, and when its endpoint is switched off."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

RETRY_FOR = timedelta(hours=72)
"""Counted from the queueing, or from a replay."""
DELAY_FIRST_SECONDS = 5
DELAY_FACTOR = 3
DELAY_MAX_SECONDS = 6 * 3_600
_JITTER_PERCENT = 20
DISABLE_AFTER = timedelta(days=5)
"""Longer than one delivery is tried, so that a long weekend does not switch an endpoint off."""
SLOW_SECONDS = 2.0
"""A longer answer puts the endpoint among the slow ones."""


class Outcome(StrEnum):
    """How one attempt ended."""

    DELIVERED = "delivered"
    GONE = "gone"
    REDIRECTED = "redirected"
    UNWANTED_STATUS = "unwanted_status"
    UNRESOLVED = "unresolved"
    ADDRESS_REFUSED = "address_refused"
    UNREACHABLE = "unreachable"
    TLS_FAILED = "tls_failed"
    TIMED_OUT = "timed_out"
    NOT_HTTP = "not_http"
    TOO_LARGE = "too_large"


ENDPOINT_OFF = "endpoint_off"
"""Why a delivery died that was not tried any more: its endpoint was switched off or deleted."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: its outcome, and what the receiver answered, if it did."""

    outcome: Outcome
    status: int | None = None
    retry_after_seconds: int | None = None

    @property
    def is_delivered(self) -> bool:
        """Whether the receiver accepted."""
        return self.outcome is Outcome.DELIVERED


def judge(status: int, retry_after_seconds: int | None = None) -> Attempt:
    """What a receiver's status means: 2xx accepts, 410 ends, everything else is tried again."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        outcome = Outcome.DELIVERED
    elif status == HTTPStatus.GONE:
        outcome = Outcome.GONE
    elif HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        outcome = Outcome.REDIRECTED
    else:
        outcome = Outcome.UNWANTED_STATUS
    return Attempt(outcome, status, retry_after_seconds)


def delay_after(
    attempts_count: int, entropy: Callable[[int], bytes], retry_after_seconds: int | None = None
) -> timedelta:
    """The pause after the given number of failures: tripled, capped, spread by a fifth.

    A receiver that names a longer pause is given it, up to the cap.
    """
    # Beyond this power the cap stands anyway; it keeps the number small.
    power = min(attempts_count - 1, 16)
    plain = min(DELAY_FIRST_SECONDS * DELAY_FACTOR**power, DELAY_MAX_SECONDS)
    drawn = int.from_bytes(entropy(4), "big") % (2_000 * _JITTER_PERCENT // 100 + 1)
    spread = timedelta(milliseconds=plain * (1_000 - 10 * _JITTER_PERCENT + drawn))
    asked = timedelta(seconds=min(retry_after_seconds or 0, DELAY_MAX_SECONDS))
    return max(spread, asked)


def next_due(now: datetime, delay: timedelta, retry_until: datetime) -> datetime | None:
    """The instant of the next attempt; None when there is none any more."""
    due = now + delay
    return due if due <= retry_until else None


def is_hopeless(failing_since: datetime, now: datetime) -> bool:
    """Whether an endpoint failed for so long that it is switched off."""
    return now - failing_since >= DISABLE_AFTER
