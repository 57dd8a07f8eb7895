"""The buyer's view of calls that came to nothing."""

from typing import Any

from marshmallow import ValidationError, fields

from app.core.errors import slugs
from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import own_organisation, unit_of_work
from app.web.paging import PeriodQuerySchema, page_schema
from app.web.schemas import Schema, Text, Timestamp
from metering.calls.denial_models import BEYOND_KINDS, UnservedCalls, list_unserved

blueprint = Blueprint(
    "unserved-calls", __name__, url_prefix="/v1", description="Calls that were refused or failed."
)


class UnservedCallsSchema(Schema):
    """Calls of one licence that came to nothing in one way within one hour; all were free."""

    licence_id = fields.String(
        required=True,
    )
    hour = Timestamp(required=True)
    problem = fields.String(
        attribute="slug",
        required=True,
    )
    calls_count = fields.Integer(required=True)


def _demand_problem(name: str) -> None:
    if name != BEYOND_KINDS and name not in slugs():
        message = "Not a problem's name, such as quota-exhausted; GET /problems lists them."
        raise ValidationError(message)


class UnservedQuerySchema(PeriodQuerySchema):
    """Which of them; the period is of hours that begin in it."""

    licence_id = Text(load_default=None, max=64)
    problem = Text(load_default=None, max=64, validate=_demand_problem)


@blueprint.route("/unserved-calls", methods=["GET"])
@blueprint.arguments(UnservedQuerySchema, location="query")
@blueprint.response(200, page_schema(UnservedCallsSchema))
@requires(Permission.READ_OWN)
def get_unserved_calls(query: dict[str, Any]) -> Page[UnservedCalls]:
    """Calls of the buyer's licences that were refused or failed, the latest hours first."""
    with unit_of_work() as uow:
        return list_unserved(uow.session, own_organisation(), **query)
