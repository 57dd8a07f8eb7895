"""What has happened to bank details."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event
from app.core.ids import OrganisationId, PersonId
from ledger.journal.ids import BankAccountId


@dataclass(frozen=True, kw_only=True)
class BankAccountRegistered(Event):
    """A supplier named where its money shall go; it counts from ``effective_at``."""

    bank_account_id: BankAccountId
    organisation_id: OrganisationId
    registered_by: PersonId
    effective_at: datetime


@dataclass(frozen=True, kw_only=True)
class BankAccountCancelled(Event):
    """A registration was stopped before it counted."""

    bank_account_id: BankAccountId
    organisation_id: OrganisationId
    cancelled_by: PersonId
