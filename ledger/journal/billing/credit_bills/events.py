"""What has happened to credit lines' bills, for the other rooms; amounts in 10⁻⁸ units."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event
from app.core.ids import OrganisationId


@dataclass(frozen=True, kw_only=True)
class CreditBillIssued(Event):
    """What a month on credit comes to, and when it is due."""

    bill_id: str
    bill_hash: str
    organisation_id: OrganisationId
    amount: int
    currency: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class CreditBillPaid(Event):
    """A bill is paid in full."""

    bill_id: str
    organisation_id: OrganisationId
    amount: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class PaymentReminded(Event):
    """An unpaid bill is past its day; ``step`` is ``reminder`` or ``second_reminder``."""

    bill_id: str
    organisation_id: OrganisationId
    step: str
    open_amount: int
    currency: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class BillSentToCollection(Event):
    """An unpaid bill is handed to people who collect."""

    bill_id: str
    organisation_id: OrganisationId
    open_amount: int
    currency: str
