"""An appeal as a pure machine: in time, once, on one of two grounds, decided by others."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.states import Transitions
from compliance.review.errors import AppealTooLate
from compliance.review.panels import Panel, PanelState


class AppealGround(StrEnum):
    """On what a decision may be appealed."""

    NEW_FACTS = "NEW_FACTS"
    PROCEDURE_ERROR = "PROCEDURE_ERROR"


class AppealSubject(StrEnum):
    """What may be appealed."""

    REJECTION = "REJECTION"
    SUSPENSION = "SUSPENSION"
    REVOCATION = "REVOCATION"


class AppealState(StrEnum):
    """Whether the board still decides, and what it came to."""

    OPEN = "OPEN"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"


UPHOLD, DISMISS = "uphold", "dismiss"

TRANSITIONS = Transitions(
    {
        (AppealState.OPEN, UPHOLD): AppealState.UPHELD,
        (AppealState.OPEN, DISMISS): AppealState.DISMISSED,
    }
)


@dataclass(frozen=True)
class Appeal:
    """One appeal, as far as its decision goes."""

    id: str
    state: AppealState = AppealState.OPEN


def demand_in_time(decided_at: datetime, now: datetime, days: int) -> None:
    """Raises `AppealTooLate` after the last day."""
    if now > decided_at + timedelta(days=days):
        raise AppealTooLate(days)


def conclude(appeal: Appeal, board: Panel) -> Appeal:
    """The appeal as its board decided; unchanged while the board sits."""
    if board.state is PanelState.OPEN:
        return appeal
    event = UPHOLD if board.state is PanelState.CARRIED else DISMISS
    return replace(appeal, state=AppealState(TRANSITIONS.next(appeal.state, event)))
