"""What an order did to money."""

from dataclasses import dataclass

from app.core.events import Event
from app.core.ids import OrderId, OrganisationId


@dataclass(frozen=True, kw_only=True)
class OrderCharged(Event):
    """A package's price left the buyer's wallet."""

    order_id: OrderId
    buyer_id: OrganisationId
    supplier_id: OrganisationId
    amount: int
    currency: str
