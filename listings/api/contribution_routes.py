"""Routes of contributions: what further suppliers are asked for, agree to, and get."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from listings import services
from listings.api.blueprint import blueprint
from listings.models import AgreementShare, Contribution
from listings.queries import contributions
from listings.schemas.contributions import (
    AgreementShareQuerySchema,
    AgreementShareSchema,
    AgreeSchema,
    ContributionQuerySchema,
    ContributionSchema,
    DeclineContributionSchema,
)

_ONE = "/contributions/<contribution_id>"


@blueprint.route("/contributions", methods=["GET"])
@blueprint.arguments(ContributionQuerySchema, location="query")
@blueprint.response(200, page_schema(ContributionSchema))
@requires(Permission.READ_OWN)
def get_contributions(query: dict[str, Any]) -> Page[Contribution]:
    """List the contributions that one asks for or is asked for, newest first."""
    organisation_id = current_principal().organisation_id
    with unit_of_work() as uow:
        return contributions.list_contributions(
            uow.session, organisation_id=organisation_id, **query
        )


@blueprint.route(_ONE, methods=["GET"])
@blueprint.response(200, ContributionSchema)
@requires(Permission.READ_OWN)
def get_contribution(contribution_id: str) -> Contribution:
    """Show a contribution to either side, with everything that is agreed to."""
    organisation_id = current_principal().organisation_id
    with unit_of_work() as uow:
        return contributions.get_contribution(
            uow.session, contribution_id, organisation_id=organisation_id
        )


@blueprint.route(f"{_ONE}/agreement", methods=["POST"])
@blueprint.arguments(AgreeSchema)
@blueprint.response(201, ContributionSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_contribution_agreement(command: dict[str, Any], contribution_id: str) -> Contribution:
    """Agree to one's share of a product, as the terms of this hash say."""
    with unit_of_work() as uow:
        contribution = services.agree_to_contribution(
            uow, current_principal(), contribution_id=contribution_id, **command
        )
        uow.commit()
    return contribution


@blueprint.route(f"{_ONE}/refusal", methods=["POST"])
@blueprint.arguments(DeclineContributionSchema)
@blueprint.response(201, ContributionSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_contribution_refusal(command: dict[str, Any], contribution_id: str) -> Contribution:
    """Decline one's share of a product, as the terms of this hash say."""
    with unit_of_work() as uow:
        contribution = services.decline_contribution(
            uow, current_principal(), contribution_id=contribution_id, **command
        )
        uow.commit()
    return contribution


@blueprint.route("/agreement-shares", methods=["GET"])
@blueprint.arguments(AgreementShareQuerySchema, location="query")
@blueprint.response(200, page_schema(AgreementShareSchema))
@requires(Permission.READ_OWN)
def get_agreement_shares(query: dict[str, Any]) -> Page[AgreementShare]:
    """List what one gets, as a contributor, of agreements, newest first."""
    contributor_id = current_principal().organisation_id
    with unit_of_work() as uow:
        return contributions.list_agreement_shares(
            uow.session, contributor_id=contributor_id, **query
        )
