"""Stars by those who called: one rating a buyer and listing, and the listing's sums of them."""

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.core.ids import OrganisationId
from app.core.principals import Principal
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWork
from listings.catalogue.listing_codes import parse_listing_code
from listings.catalogue.page import contributor_ids
from listings.errors import NothingToRate, RatingNotFound
from listings.events import ListingRated
from listings.models import Listing, Rating
from listings.offers.errors import OwnListing
from listings.ports import CallingBuyers
from listings.queries.catalogue import get_listing
from listings.queries.ratings import find_rating
from listings.services.parties import demand_buyer


def rate_listing(
    uow: UnitOfWork, principal: Principal, calling: CallingBuyers, *, listing_code: str, stars: int
) -> Rating:
    """Rate a listing on sale, or rate it anew; ``stars`` are one to five.

    Raises `PartyNotVerified`, `ListingNotFound`, `OwnListing` for who sells it or shares in
    it, and `NothingToRate` for who was never delivered anything of it.
    """
    buyer_id = demand_buyer(uow, principal.organisation_id).organisation_id
    listing = get_listing(uow.session, listing_code)
    if buyer_id in (listing.supplier_id, *contributor_ids(listing.version.content)):
        raise OwnListing(listing.listing_code)
    if not calling.has_called(uow.session, buyer_id=buyer_id, listing_code=listing.listing_code):
        raise NothingToRate(listing.listing_code)
    given = {"stars": stars, "rated_at": uow.now}
    key = {"listing_code": listing.listing_code, "buyer_id": buyer_id}
    uow.session.execute(
        insert(Rating)
        .values(**key, **given)
        .on_conflict_do_update(index_elements=list(key), set_=given)
    )
    _sum_up(uow, listing.listing_code)
    uow.record(
        ListingRated(
            occurred_at=uow.now,
            listing_code=listing.listing_code,
            supplier_id=OrganisationId(listing.supplier_id),
            stars=stars,
        )
    )
    return uow.session.get_one(Rating, key, populate_existing=True)


def withdraw_rating(uow: UnitOfWork, principal: Principal, *, listing_code: str) -> None:
    """Take one's rating back, whatever became of the listing; raises `RatingNotFound`."""
    code = parse_listing_code(listing_code)
    rating = find_rating(uow.session, code, buyer_id=principal.organisation_id, is_locked=True)
    if rating is None:
        raise RatingNotFound(code)
    uow.session.delete(rating)
    _sum_up(uow, code)


def _sum_up(uow: UnitOfWork, listing_code: str) -> None:
    """Count again what stands; the ratings are many buyers', and the listing is the supplier's."""
    uow.session.flush()
    reach = uow.reach
    uow.enter(Reach.EXCHANGE)
    # Whoever counts after another waits, and then sees the other's rating. The lock lets foreign
    # keys pass: two new ratings of a listing must not wait for each other in a ring.
    listing = uow.session.get_one(
        Listing, listing_code, with_for_update={"key_share": True}, populate_existing=True
    )
    given = select(Rating.stars).where(Rating.listing_code == listing_code).subquery()
    sums = select(func.count(), func.coalesce(func.sum(given.c.stars), 0)).select_from(given)
    listing.rating_count, listing.rating_stars = uow.session.execute(sums).one()
    uow.session.flush()
    uow.enter(reach)
