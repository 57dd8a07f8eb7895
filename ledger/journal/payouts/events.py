"""What has happened to payouts."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event
from app.core.ids import OrganisationId, PersonId
from ledger.journal.ids import PayoutId, SettlementId


@dataclass(frozen=True, kw_only=True)
class PayoutRequested(Event):
    """One person proposed to send a settled amount."""

    payout_id: PayoutId
    settlement_id: SettlementId
    supplier_id: OrganisationId
    amount: int
    currency: str
    gateway: str
    requested_by: PersonId


@dataclass(frozen=True, kw_only=True)
class PayoutApproved(Event):
    """A second person let it go; the gateway's owner sends it."""

    payout_id: PayoutId
    settlement_id: SettlementId
    supplier_id: OrganisationId
    amount: int
    currency: str
    gateway: str
    requested_by: PersonId
    approved_by: PersonId


@dataclass(frozen=True, kw_only=True)
class PayoutSent(Event):
    """The money is on its way."""

    payout_id: PayoutId
    supplier_id: OrganisationId
    provider_reference: str


@dataclass(frozen=True, kw_only=True)
class PayoutPaid(Event):
    """The money left for good."""

    payout_id: PayoutId
    supplier_id: OrganisationId
    amount: int
    currency: str
    gateway: str


@dataclass(frozen=True, kw_only=True)
class PayoutFailed(Event):
    """The money did not arrive; it is in the supplier's payable again."""

    payout_id: PayoutId
    supplier_id: OrganisationId
    amount: int
    currency: str
    gateway: str
    failure_code: str
    return_stated_by: PersonId | None = None
    returned_by: PersonId | None = None


@dataclass(frozen=True, kw_only=True)
class PayoutReturnWithdrawn(Event):
    """The first of two words that it came back was taken back; nothing had moved."""

    payout_id: PayoutId
    supplier_id: OrganisationId
    return_stated_by: PersonId
    return_stated_at: datetime
    withdrawn_by: PersonId


@dataclass(frozen=True, kw_only=True)
class PayoutCancelled(Event):
    """A proposal was given up before its approval."""

    payout_id: PayoutId
    supplier_id: OrganisationId
    cancelled_by: PersonId


@dataclass(frozen=True, kw_only=True)
class PayoutInstructionsRead(Event):
    """Somebody saw a supplier's bank details in clear, to enter a transfer."""

    payout_id: PayoutId
    supplier_id: OrganisationId
    read_by: PersonId
