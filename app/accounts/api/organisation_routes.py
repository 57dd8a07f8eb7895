"""Routes of organisations: registration, evidence, verification."""

from typing import Any

from app.accounts import queries, services
from app.accounts.api.blueprint import blueprint
from app.accounts.models import EvidenceRecord, Organisation
from app.accounts.ports import CredentialKit
from app.accounts.schemas import (
    DecideVerificationSchema,
    OrganisationDetailSchema,
    OrganisationEvidenceSchema,
    OrganisationPageQuerySchema,
    OrganisationPageSchema,
    RegisteredSchema,
    RegisterOrganisationSchema,
)
from app.core.ids import IdSource, OrganisationId
from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import public, requires
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.staff_reads import unnoted


@blueprint.route("/v1/organisations", methods=["POST"])
@blueprint.arguments(RegisterOrganisationSchema)
@blueprint.response(201, RegisteredSchema)
@public("whoever wants to take part has no account yet")
@limit("30 per minute")
@idempotent
def post_organisation(command: dict[str, Any]) -> dict[str, Any]:
    """Register an organisation and its first person, the owner."""
    organisation_id = OrganisationId(get(IdSource).new("org"))
    # The new organisation's own reach: a stranger's transaction touches nobody else's rows.
    with unit_of_work(Reach.organisation(organisation_id)) as uow:
        organisation, person = services.register_organisation(
            uow, get(CredentialKit).passwords, organisation_id, **command
        )
        uow.commit()
    return {"organisation": organisation, "person": person}


@blueprint.route("/v1/organisations", methods=["GET"])
@blueprint.arguments(OrganisationPageQuerySchema, location="query")
@blueprint.response(200, OrganisationPageSchema)
@requires(Permission.READ_EXCHANGE)
def get_organisations(query: dict[str, Any]) -> Page[Organisation]:
    """List suppliers and buyers for the exchange's staff."""
    with unit_of_work() as uow:
        return queries.list_organisations(uow, **query)


@blueprint.route("/v1/organisations/me", methods=["GET"])
@blueprint.response(200, OrganisationDetailSchema)
@requires(Permission.READ_OWN)
@unnoted("one's own organisation")
def get_own_organisation() -> Organisation:
    """Show the principal's organisation with its evidence and decisions."""
    with unit_of_work() as uow:
        return queries.get_organisation(uow, current_principal().organisation_id)


@blueprint.route("/v1/organisations/me/evidence", methods=["POST"])
@blueprint.arguments(OrganisationEvidenceSchema)
@blueprint.response(201, OrganisationEvidenceSchema)
@requires(Permission.MANAGE_ORGANISATION)
@idempotent
def post_evidence(record: dict[str, Any]) -> EvidenceRecord:
    """Add a document about one's own organisation."""
    with unit_of_work() as uow:
        added = services.add_evidence(uow, current_principal(), **record)
        uow.commit()
    return added


@blueprint.route("/v1/organisations/<organisation_id>", methods=["GET"])
@blueprint.response(200, OrganisationDetailSchema)
@requires(Permission.READ_EXCHANGE)
def get_one_organisation(organisation_id: str) -> Organisation:
    """Show an organisation to the exchange's staff."""
    with unit_of_work() as uow:
        return queries.get_organisation(uow, organisation_id)


@blueprint.route("/v1/organisations/<organisation_id>/verification", methods=["POST"])
@blueprint.arguments(DecideVerificationSchema)
@blueprint.response(201, OrganisationDetailSchema)
@requires(Permission.VERIFY_ORGANISATIONS)
@idempotent
def post_verification(command: dict[str, Any], organisation_id: str) -> Organisation:
    """Verify or refuse an organisation, as a reviewer who belongs to neither party."""
    with unit_of_work() as uow:
        organisation = services.decide_verification(
            uow, current_principal(), organisation_id=organisation_id, **command
        )
        uow.commit()
    return organisation
