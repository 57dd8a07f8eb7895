"""Events of debts that are written off."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import OrganisationId, PersonId


@dataclass(frozen=True, kw_only=True)
class DebtWrittenOff(Event):
    """Two people gave a debt up; its credit line ended, and it stays owed."""

    write_off_id: str
    organisation_id: OrganisationId
    amount: int
    currency: str
    proposed_by: PersonId
    approved_by: PersonId


@dataclass(frozen=True, kw_only=True)
class WriteOffRecovered(Event):
    """``amount`` of a debt that was written off came in; ``outstanding_amount`` has not."""

    write_off_id: str
    organisation_id: OrganisationId
    amount: int
    outstanding_amount: int
    currency: str
