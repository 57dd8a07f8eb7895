"""What has happened to money in suspense."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import OrganisationId, PersonId


@dataclass(frozen=True, kw_only=True)
class SuspenseMoneyAssigned(Event):
    """Two people found out whose money it was; its owner's wallet has it."""

    assignment_id: str
    organisation_id: OrganisationId
    amount: int
    currency: str
    proposed_by: PersonId
    approved_by: PersonId


@dataclass(frozen=True, kw_only=True)
class SuspenseReturnApproved(Event):
    """Two people let money that nobody knows go back to whom it came from."""

    return_id: str
    proposed_by: PersonId
    approved_by: PersonId
