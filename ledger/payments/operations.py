"""The life of an operation at a payment provider; pure, one table per kind."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from app.core.canonical import canonical_bytes
from app.core.json_text import load_json
from app.core.states import Transitions


class Kind(StrEnum):
    """What is asked of the provider."""

    PAYMENT = "payment"
    REFUND = "refund"
    TRANSFER = "transfer"
    REVERSAL = "reversal"


class State(StrEnum):
    """Where an operation stands.

    ``sent`` means that the provider may have been asked: nothing but its own word ends that.
    """

    REQUESTED = "requested"
    PLANNED = "planned"
    SENT = "sent"
    OPEN = "open"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DISPUTED = "disputed"
    LOST = "lost"


class Outcome(StrEnum):
    """What the provider says about an operation; each is an event of the tables below."""

    OPEN = "accept"
    SUCCEEDED = "succeed"
    FAILED = "fail"
    CANCELLED = "cancel"


_COMMON: dict[tuple[str, str], str] = {
    (State.PLANNED, "send"): State.SENT,
    (State.SENT, "send"): State.SENT,
    (State.SENT, Outcome.OPEN): State.OPEN,
    (State.SENT, Outcome.SUCCEEDED): State.SUCCEEDED,
    (State.SENT, Outcome.FAILED): State.FAILED,
    (State.SENT, Outcome.CANCELLED): State.CANCELLED,
    (State.OPEN, Outcome.SUCCEEDED): State.SUCCEEDED,
    (State.OPEN, Outcome.FAILED): State.FAILED,
    (State.OPEN, Outcome.CANCELLED): State.CANCELLED,
    # Before it is sent nothing can have happened, so nobody need be asked.
    (State.PLANNED, Outcome.FAILED): State.FAILED,
    (State.PLANNED, Outcome.CANCELLED): State.CANCELLED,
}
_BY_TWO_PEOPLE: dict[tuple[str, str], str] = {
    (State.REQUESTED, "approve"): State.PLANNED,
    (State.REQUESTED, "decline"): State.CANCELLED,
}

TRANSITIONS: dict[str, Transitions] = {
    Kind.PAYMENT: Transitions(
        _COMMON
        | {
            (State.SUCCEEDED, "dispute"): State.DISPUTED,
            (State.DISPUTED, "dispute"): State.DISPUTED,
            (State.LOST, "dispute"): State.DISPUTED,
            (State.DISPUTED, "win"): State.SUCCEEDED,
            (State.DISPUTED, "lose"): State.LOST,
        }
    ),
    # A payer's bank may refuse a refund days after the provider called it done.
    Kind.REFUND: Transitions(
        _COMMON | _BY_TWO_PEOPLE | {(State.SUCCEEDED, Outcome.FAILED): State.FAILED}
    ),
    Kind.TRANSFER: Transitions(_COMMON),
    Kind.REVERSAL: Transitions(_COMMON | _BY_TWO_PEOPLE),
}

UNDER_WAY = (State.PLANNED, State.SENT, State.OPEN)
"""States in which the provider still has the last word."""

BOOKED = (State.SUCCEEDED, State.DISPUTED, State.LOST)
"""States in which the books hold an operation's money."""

_FIRST_PAUSE_SECONDS = 2
_PAUSE_MAX_SECONDS = 900
SEARCH_MARGIN = timedelta(minutes=10)
"""The provider's clock may be behind ours by this much when it is searched."""
CLAIM_SECONDS = 120
"""How long one worker has a claimed operation for itself; more than two calls may last."""
LOOK_SECONDS = 900
"""How often an open operation is looked at without any notice from the provider."""
UNKNOWN_FINDING_SECONDS = 3_600
"""An outcome that is unknown for longer is shown to an operator."""


def in_stored_order(request: dict[str, Any]) -> dict[str, Any]:
    """The request with its names sorted, so that a retry is the first request byte for byte.

    The database keeps a document's names in an order of its own.
    """
    made: dict[str, Any] = load_json(canonical_bytes(request))
    return made


def next_state(kind: str, state: str, event: str) -> State | None:
    """The state after what the provider said, or None where it changes nothing.

    Providers repeat and reorder what they say, so a saying that the state has behind it is no
    error.
    """
    found = TRANSITIONS[kind].table.get((state, event))
    return None if found is None else State(found)


def pause_after(attempts_count: int, *, asked_seconds: int | None = None) -> timedelta:
    """How long to wait after the nth attempt; never shorter than the provider asked for."""
    doubled = _FIRST_PAUSE_SECONDS * 2 ** min(max(attempts_count - 1, 0), 20)
    return timedelta(seconds=max(min(doubled, _PAUSE_MAX_SECONDS), asked_seconds or 0))


def next_look(now: datetime, expires_at: datetime | None) -> datetime:
    """When to look at an open operation without being told: soon after it expires, or regularly."""
    regular = now + timedelta(seconds=LOOK_SECONDS)
    if expires_at is None or expires_at <= now:
        return regular
    return min(regular, expires_at + timedelta(seconds=1))
