"""Routes of yearly packages."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import own_organisation, unit_of_work
from app.web.paging import page_schema
from ledger.journal.deferrals import queries, schemas
from ledger.journal.deferrals.models import Deferral

blueprint = Blueprint(
    "deferrals", __name__, url_prefix="/v1", description="Yearly packages, earned day by day."
)


@blueprint.route("/deferrals", methods=["GET"])
@blueprint.arguments(schemas.DeferralQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.DeferralSchema))
@requires(Permission.READ_ACCOUNTS)
def get_deferrals(query: dict[str, Any]) -> Page[Deferral]:
    """Yearly packages: what is paid, earned so far, and given back."""
    with unit_of_work() as uow:
        return queries.list_deferrals(uow.session, own_organisation(), **query)
