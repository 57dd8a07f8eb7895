"""Events of money in suspense that goes back."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import PersonId


@dataclass(frozen=True, kw_only=True)
class SuspenseReturnApproved(Event):
    """Two people let money that nobody knows go back to whom it came from."""

    return_id: str
    proposed_by: PersonId
    approved_by: PersonId
