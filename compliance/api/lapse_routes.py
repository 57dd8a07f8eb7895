"""Routes of what lapses when: for suppliers and buyers their own, for staff everybody's."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, unit_of_work
from app.web.paging import page_schema
from compliance import queries
from compliance.api.blueprint import blueprint, own_only
from compliance.models.lapses import LapseRow
from compliance.schemas.lapses import LapseQuerySchema, LapseSchema


@blueprint.route("/expiries", methods=["GET"])
@blueprint.arguments(LapseQuerySchema, location="query")
@blueprint.response(200, page_schema(LapseSchema))
@requires(Permission.READ_OWN)
def get_expiries(query: dict[str, Any]) -> Page[LapseRow]:
    """Evidence, rights, approvals, verifications, uses and licences that end, the nearest first."""
    own = own_only(current_principal())
    with unit_of_work() as uow:
        return queries.list_lapses(uow, organisation_id=own, **query)
