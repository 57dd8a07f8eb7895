"""Routes that suspend, resume and revoke listings."""

from typing import Any

from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from compliance import services
from compliance.api.blueprint import blueprint
from compliance.licence_models import ListingStanding
from compliance.schemas.licences import RevokeListingSchema, StandingSchema, SuspendListingSchema


@blueprint.route("/listings/<listing_code>/suspension", methods=["POST"])
@blueprint.arguments(SuspendListingSchema)
@blueprint.response(201, StandingSchema)
@requires(Permission.SUSPEND)
@idempotent
def post_suspension(command: dict[str, Any], listing_code: str) -> ListingStanding:
    """Stop orders and calls of a listing at once."""
    with unit_of_work() as uow:
        standing = services.suspend_listing(
            uow, current_principal(), listing_code=listing_code, **command
        )
        uow.commit()
        return standing


@blueprint.route("/listings/<listing_code>/resumption", methods=["POST"])
@blueprint.response(201, StandingSchema)
@requires(Permission.SUSPEND)
@idempotent
def post_resumption(listing_code: str) -> ListingStanding:
    """Open a suspended listing again: by a second person, when the cause is cured."""
    with unit_of_work() as uow:
        standing = services.resume_listing(uow, current_principal(), listing_code=listing_code)
        uow.commit()
        return standing


@blueprint.route("/listings/<listing_code>/revocation", methods=["POST"])
@blueprint.arguments(RevokeListingSchema)
@blueprint.response(201, StandingSchema)
@requires(Permission.SUSPEND)
@idempotent
def post_listing_revocation(command: dict[str, Any], listing_code: str) -> ListingStanding:
    """End a suspended listing and its licences for good: by a second person."""
    with unit_of_work() as uow:
        standing = services.revoke_listing(
            uow, current_principal(), listing_code=listing_code, **command
        )
        uow.commit()
        return standing
