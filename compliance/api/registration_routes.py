"""Routes of the register: publicity, objections, and applications for listing."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import public, requires
from app.web.context import current_principal, unit_of_work, whoever_asks
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from compliance import queries, services
from compliance.api.blueprint import blueprint, own_only
from compliance.models.registrations import ListingApplication, Objection, Registration
from compliance.schemas.registrations import (
    ApplicationQuerySchema,
    ApplicationSchema,
    DecideApplicationSchema,
    ObjectionQuerySchema,
    ObjectionSchema,
    OwnApplicationSchema,
    RaiseObjectionSchema,
    RegistrationQuerySchema,
    RegistrationSchema,
    ResolveObjectionSchema,
)


@blueprint.route("/registrations", methods=["GET"])
@blueprint.arguments(RegistrationQuerySchema, location="query")
@blueprint.response(200, page_schema(RegistrationSchema))
@public("publicity is what registrations are for")
def get_registrations(query: dict[str, Any]) -> Page[Registration]:
    """The register, newest first; `state=REGISTERED` are those in publicity."""
    with unit_of_work() as uow:
        return queries.list_registrations(uow, **query)


@blueprint.route("/registrations/<registration_id>", methods=["GET"])
@blueprint.response(200, RegistrationSchema)
@public("publicity is what registrations are for")
def get_registration(registration_id: str) -> Registration:
    """One entry of the register."""
    with unit_of_work() as uow:
        return queries.get_registration(uow, registration_id)


@blueprint.route("/registrations/<registration_id>/objections", methods=["POST"])
@blueprint.arguments(RaiseObjectionSchema)
@blueprint.response(201, ObjectionSchema)
@requires(Permission.READ_OWN)
@idempotent
def post_objection(command: dict[str, Any], registration_id: str) -> Objection:
    """Object while the registration is public; it is not final before the answer."""
    # The register is the exchange's: the service itself looks whose registration it is.
    with unit_of_work(Reach.EXCHANGE) as uow:
        objection = services.raise_objection(
            uow, current_principal(), registration_id=registration_id, **command
        )
        uow.commit()
        return objection


@blueprint.route("/objections", methods=["GET"])
@blueprint.arguments(ObjectionQuerySchema, location="query")
@blueprint.response(200, page_schema(ObjectionSchema))
@requires(Permission.READ_OWN)
def get_objections(query: dict[str, Any]) -> Page[Objection]:
    """Objections of one's own or against one's own registrations; the staff see all."""
    with unit_of_work() as uow:
        return queries.list_objections(uow, organisation_id=own_only(current_principal()), **query)


@blueprint.route("/objections/<objection_id>/resolution", methods=["POST"])
@blueprint.arguments(ResolveObjectionSchema)
@blueprint.response(201, ObjectionSchema)
@requires(Permission.REVIEW)
@idempotent
def post_resolution(command: dict[str, Any], objection_id: str) -> Objection:
    """Uphold, which cancels the registration, or dismiss: by somebody who was not involved."""
    with unit_of_work() as uow:
        objection = services.resolve_objection(
            uow, current_principal(), objection_id=objection_id, **command
        )
        uow.commit()
        return objection


@blueprint.route("/registrations/<registration_id>/listing-application", methods=["POST"])
@blueprint.response(201, OwnApplicationSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_listing_application(registration_id: str) -> ListingApplication:
    """Apply for the listing of a final registration that was submitted without it."""
    # The register is the exchange's: the service itself looks whose registration it is.
    with unit_of_work(Reach.EXCHANGE) as uow:
        application = services.apply_for_listing(
            uow, current_principal(), registration_id=registration_id
        )
        uow.commit()
        return application


@blueprint.route("/listing-applications", methods=["GET"])
@blueprint.arguments(ApplicationQuerySchema, location="query")
@blueprint.response(200, page_schema(ApplicationSchema))
@requires(Permission.READ_EXCHANGE)
def get_listing_applications(query: dict[str, Any]) -> Page[ListingApplication]:
    """The listing officers' queue, oldest first; other states on request."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return queries.list_applications(uow, **query)


@blueprint.route("/listing-applications/<application_id>/decision", methods=["POST"])
@blueprint.arguments(DecideApplicationSchema)
@blueprint.response(201, ApplicationSchema)
@requires(Permission.LIST)
@idempotent
def post_listing_decision(command: dict[str, Any], application_id: str) -> ListingApplication:
    """Declare one's conflicts and list or refuse; with a conflict the application stays open."""
    with unit_of_work() as uow:
        application = services.decide_application(
            uow, current_principal(), application_id=application_id, **command
        )
        uow.commit()
        return application
