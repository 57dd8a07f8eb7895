"""What has happened to yearly packages, for the other rooms; amounts in 10⁻⁸ units."""

from dataclasses import dataclass
from datetime import datetime

from app.core.events import Event
from app.core.ids import LicenceId, OrderId, OrganisationId


@dataclass(frozen=True, kw_only=True)
class DeferralEnded(Event):
    """A yearly package ended before its term: what was earned, and what the buyer got back."""

    order_id: OrderId
    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    recognised_amount: int
    refunded_amount: int
    currency: str
    reason_code: str


@dataclass(frozen=True, kw_only=True)
class DeferralNarrowed(Event):
    """A narrowed licence took days of a yearly package: so much went back for them now.

    ``ends_at``: when the last day that is left ends.
    """

    order_id: OrderId
    licence_id: LicenceId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    amount: int
    currency: str
    ends_at: datetime
