"""The life of a dispute: its states, its reasons, and in which days it is opened and answered."""

from datetime import datetime, timedelta
from enum import StrEnum

from app.core.states import Transitions

ANSWER_DAYS = 7

DISPUTE_DAYS = 90

REASON_CODES = (
    "wrong_data",
    "stale_data",
    "not_delivered",
    "charged_twice",
    "wrong_price",
    "not_ours",
)


class DisputeState(StrEnum):
    """Open to an answer, answered, given up, or decided."""

    OPENED = "opened"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    CREDITED = "credited"


NONE, PART, WHOLE = "none", "part", "whole"

DECISIONS = (NONE, PART, WHOLE)

TRANSITIONS = Transitions(
    {
        (DisputeState.OPENED, "answer"): DisputeState.ANSWERED,
        (DisputeState.OPENED, "withdraw"): DisputeState.WITHDRAWN,
        (DisputeState.OPENED, "reject"): DisputeState.REJECTED,
        (DisputeState.OPENED, "accept"): DisputeState.ACCEPTED,
        (DisputeState.ANSWERED, "withdraw"): DisputeState.WITHDRAWN,
        (DisputeState.ANSWERED, "reject"): DisputeState.REJECTED,
        (DisputeState.ANSWERED, "accept"): DisputeState.ACCEPTED,
        # In the same transaction, unless nothing was charged for what was accepted.
        (DisputeState.ACCEPTED, "credit"): DisputeState.CREDITED,
    }
)


def answer_until(opened_at: datetime) -> datetime:
    """Until when the supplier may answer."""
    return opened_at + timedelta(days=ANSWER_DAYS)


def is_too_old(call_at: datetime, now: datetime) -> bool:
    """Whether the days in which a call can be disputed are over."""
    return call_at < now - timedelta(days=DISPUTE_DAYS)
