"""Who has called what, for whoever asks before it takes a buyer's word of a listing."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from metering.models import Entitlement, UsageEvent


class StoredCallingBuyers:
    """Answers the listings, by shape, from what is metered."""

    def has_called(self, session: Session, *, buyer_id: str, listing_code: str) -> bool:
        """Whether a call of the buyer's was ever delivered, under whichever licence."""
        called = exists().where(
            Entitlement.buyer_id == buyer_id,
            Entitlement.listing_code == listing_code,
            UsageEvent.licence_id == Entitlement.licence_id,
        )
        return bool(session.scalar(select(called)))
