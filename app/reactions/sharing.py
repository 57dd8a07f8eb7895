"""What an order means to the further suppliers of its product."""

from app.core.unit_of_work import UnitOfWork
from listings import services as listings
from listings.events import OrderPlaced


def note_shares(uow: UnitOfWork, event: OrderPlaced) -> None:
    """Each contributor may read its share of the agreement, which is not its own."""
    listings.note_agreement_shares(
        uow,
        agreement_id=event.agreement_id,
        agreement_hash=event.agreement_hash,
        supplier_id=event.supplier_id,
        listing_code=event.listing_code,
        version_id=event.version_id,
        split=event.split,
        agreed_at=event.occurred_at,
    )
