"""Routes of ratings: a buyer's own; what they come to stands on the listing's page."""

from typing import Any

from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, get, unit_of_work
from listings import services
from listings.api.blueprint import blueprint
from listings.catalogue.listing_codes import parse_listing_code
from listings.errors import RatingNotFound
from listings.models import Rating
from listings.ports import CallingBuyers
from listings.queries.ratings import find_rating
from listings.schemas.ratings import RateListingSchema, RatingSchema

_OWN = "/listings/<listing_code>/rating"


@blueprint.route(_OWN, methods=["PUT"])
@blueprint.arguments(RateListingSchema)
@blueprint.response(200, RatingSchema)
@requires(Permission.BUY)
def put_rating(command: dict[str, Any], listing_code: str) -> Rating:
    """Rate a listing that one's organisation has called, or rate it anew."""
    calling = get(CallingBuyers)  # type: ignore[type-abstract]
    with unit_of_work() as uow:
        rating = services.rate_listing(
            uow, current_principal(), calling, listing_code=listing_code, **command
        )
        uow.commit()
    return rating


@blueprint.route(_OWN, methods=["GET"])
@blueprint.response(200, RatingSchema)
@requires(Permission.READ_OWN)
def get_rating(listing_code: str) -> Rating:
    """Show one's organisation's own rating of a listing."""
    code = parse_listing_code(listing_code)
    with unit_of_work() as uow:
        found = find_rating(uow.session, code, buyer_id=current_principal().organisation_id)
    if found is None:
        raise RatingNotFound(code)
    return found


@blueprint.route(_OWN, methods=["DELETE"])
@blueprint.response(204)
@requires(Permission.BUY)
def delete_rating(listing_code: str) -> None:
    """Take one's rating back."""
    with unit_of_work() as uow:
        services.withdraw_rating(uow, current_principal(), listing_code=listing_code)
        uow.commit()
