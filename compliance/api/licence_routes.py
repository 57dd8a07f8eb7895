"""Routes of licences, for both parties."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from compliance import queries, services
from compliance.api.blueprint import blueprint, own_only
from compliance.licence_models import Licence
from compliance.schemas.licences import LicenceQuerySchema, LicenceSchema, RevokeLicenceSchema


@blueprint.route("/licences", methods=["GET"])
@blueprint.arguments(LicenceQuerySchema, location="query")
@blueprint.response(200, page_schema(LicenceSchema))
@requires(Permission.READ_OWN)
def get_licences(query: dict[str, Any]) -> Page[Licence]:
    """Licences in which one's organisation is buyer or supplier; staff see all."""
    with unit_of_work() as uow:
        return queries.list_licences(uow, organisation_id=own_only(current_principal()), **query)


@blueprint.route("/licences/<licence_id>", methods=["GET"])
@blueprint.response(200, LicenceSchema)
@requires(Permission.READ_OWN)
def get_licence(licence_id: str) -> Licence:
    """One licence: what the exchange enforces of it, and what is promised by contract."""
    with unit_of_work() as uow:
        return queries.get_licence(uow, licence_id, organisation_id=own_only(current_principal()))


@blueprint.route("/licences/<licence_id>/revocation", methods=["POST"])
@blueprint.arguments(RevokeLicenceSchema)
@blueprint.response(201, LicenceSchema)
@requires(Permission.READ_OWN)
@idempotent
def post_licence_revocation(command: dict[str, Any], licence_id: str) -> Licence:
    """End a licence before its term: its supplier or the exchange's risk officer may."""
    with unit_of_work() as uow:
        licence = services.revoke_licence(
            uow, current_principal(), licence_id=licence_id, **command
        )
        uow.commit()
        return licence
