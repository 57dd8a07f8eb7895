"""Routes that suspend, resume and revoke listings."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from compliance import queries, services
from compliance.api.blueprint import blueprint
from compliance.models.licences import ListingStanding
from compliance.models.suspensions import Revocation, Suspension
from compliance.schemas.standings import (
    RevocationSchema,
    RevokeListingSchema,
    StandingSchema,
    SuspendListingSchema,
    SuspensionQuerySchema,
    SuspensionSchema,
)


@blueprint.route("/listings/<listing_code>/suspension", methods=["POST"])
@blueprint.arguments(SuspendListingSchema)
@blueprint.response(201, StandingSchema)
@requires(Permission.SUSPEND)
@idempotent
def post_suspension(command: dict[str, Any], listing_code: str) -> ListingStanding:
    """Stop new orders, or orders and calls, at once; a second person ratifies within a day."""
    with unit_of_work() as uow:
        standing = services.suspend_listing(
            uow, current_principal(), listing_code=listing_code, **command
        )
        uow.commit()
        return standing


@blueprint.route("/listings/<listing_code>/suspension/ratification", methods=["POST"])
@blueprint.response(201, StandingSchema)
@requires(Permission.SUSPEND)
@idempotent
def post_ratification(listing_code: str) -> ListingStanding:
    """Stand behind an emergency suspension as its second person."""
    with unit_of_work() as uow:
        standing = services.ratify_suspension(uow, current_principal(), listing_code=listing_code)
        uow.commit()
        return standing


@blueprint.route("/suspensions", methods=["GET"])
@blueprint.arguments(SuspensionQuerySchema, location="query")
@blueprint.response(200, page_schema(SuspensionSchema))
@requires(Permission.READ_EXCHANGE)
def get_suspensions(query: dict[str, Any]) -> Page[Suspension]:
    """Suspensions, newest first: who suspended, ratified, resumed; `is_overdue` waits too long."""
    with unit_of_work() as uow:
        return queries.list_suspensions(uow, **query)


@blueprint.route("/listings/<listing_code>/resumption", methods=["POST"])
@blueprint.response(201, StandingSchema)
@requires(Permission.SUSPEND)
@idempotent
def post_resumption(listing_code: str) -> ListingStanding:
    """Propose to open a suspended listing, or open it as the second who did not suspend it."""
    with unit_of_work() as uow:
        standing = services.resume_listing(uow, current_principal(), listing_code=listing_code)
        uow.commit()
        return standing


@blueprint.route("/listings/<listing_code>/revocation", methods=["POST"])
@blueprint.arguments(RevokeListingSchema)
@blueprint.response(201, RevocationSchema)
@requires(Permission.SUSPEND)
@idempotent
def post_listing_revocation(command: dict[str, Any], listing_code: str) -> Revocation:
    """Call a panel to end a listing and its licences for good."""
    with unit_of_work() as uow:
        revocation = services.propose_revocation(
            uow, current_principal(), listing_code=listing_code, **command
        )
        uow.commit()
        return revocation
