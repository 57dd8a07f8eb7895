"""What a data subject can answer, and how a consent ends."""

from datetime import datetime, timedelta
from enum import StrEnum


class ConsentAnswer(StrEnum):
    """What the person said when asked."""

    GRANT = "grant"
    DENY = "deny"


class ConsentState(StrEnum):
    """Where a consent stands; EXPIRED is a WITHDRAWN that nobody had to ask for."""

    GRANTED = "GRANTED"
    DENIED = "DENIED"
    WITHDRAWN = "WITHDRAWN"
    EXPIRED = "EXPIRED"


class WithdrawalReason(StrEnum):
    """Why a consent ended before its term."""

    SUBJECT_REQUEST = "SUBJECT_REQUEST"
    DENIED_LATER = "DENIED_LATER"
    COLLECTED_IN_ERROR = "COLLECTED_IN_ERROR"
    SUBJECT_DECEASED = "SUBJECT_DECEASED"


REASONS_TO_GIVE = (
    WithdrawalReason.SUBJECT_REQUEST,
    WithdrawalReason.COLLECTED_IN_ERROR,
    WithdrawalReason.SUBJECT_DECEASED,
)
"""What a collecting system may name; the others the register finds out by itself."""

LIFETIME_MAX = timedelta(days=3 * 366)
"""Policy: a person is asked again after three years at the latest."""


def state_at(state: str, expires_at: datetime | None, now: datetime) -> ConsentState:
    """The state as it is at that instant: a grant whose term is over has expired."""
    if state == ConsentState.GRANTED and expires_at is not None and expires_at <= now:
        return ConsentState.EXPIRED
    return ConsentState(state)
