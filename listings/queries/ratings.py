"""A buyer's own ratings."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from listings.models import Rating


def find_rating(
    session: Session, listing_code: str, *, buyer_id: str, is_locked: bool = False
) -> Rating | None:
    """What the buyer gave the listing, if it did."""
    statement = select(Rating).where(
        Rating.listing_code == listing_code, Rating.buyer_id == buyer_id
    )
    return session.scalars(statement.with_for_update() if is_locked else statement).one_or_none()
