"""Route of the periods that a licence has had."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import own_organisation, unit_of_work
from app.web.paging import PageQuerySchema, page_schema
from metering import queries, schemas
from metering.plans.past_periods import GrantedPeriod, list_periods

blueprint = Blueprint("periods", __name__, url_prefix="/v1", description="Periods of a licence.")


@blueprint.route("/licences/<licence_id>/periods", methods=["GET"])
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.GrantedPeriodSchema))
@requires(Permission.READ_OWN)
def get_licence_periods(page: dict[str, Any], licence_id: str) -> Page[GrantedPeriod]:
    """What each period of a licence granted, cost and came to, the latest first."""
    with unit_of_work() as uow:
        held = queries.get_entitlement(uow.session, own_organisation(), licence_id)
        return list_periods(uow.session, held, **page)
