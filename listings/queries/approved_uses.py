"""Until when a buyer's approved scenarios last, for whoever quotes what it may order."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from listings.models import ApprovedScenario


class StoredApprovedUses:
    """Answers metering, by shape, from what the approvals told."""

    def last_end(
        self, session: Session, *, buyer_id: str, listing_code: str, at: datetime
    ) -> datetime | None:
        """The last end among a buyer's scenarios for a listing that are in force."""
        return session.scalar(
            select(func.max(ApprovedScenario.valid_until)).where(
                ApprovedScenario.buyer_id == buyer_id,
                ApprovedScenario.listing_code == listing_code,
                ApprovedScenario.ended_at.is_(None),
                ApprovedScenario.valid_from <= at,
                ApprovedScenario.valid_until > at,
            )
        )
