"""Keeps beside a listing what its latest quality report says: the catalogue is filtered by it."""

from datetime import datetime

from app.core.unit_of_work import UnitOfWork
from listings.models import Listing


def note_quality(
    uow: UnitOfWork, *, listing_code: str, grade: str | None, valid_until: datetime | None
) -> None:
    """The grade of the listing's report and its end; None where there is none."""
    listing = uow.session.get(Listing, listing_code, with_for_update=True)
    if listing is not None:
        listing.quality_grade, listing.quality_valid_until = grade, valid_until
