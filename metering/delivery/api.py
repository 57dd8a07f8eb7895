"""The supplier's view of deliveries that failed."""

from typing import Any

from marshmallow import fields, validate

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, unit_of_work
from app.web.paging import PeriodQuerySchema, page_schema
from app.web.schemas import Schema, Text, Timestamp
from metering.delivery.errors import FailureKind
from metering.delivery.failure_models import DeliveryFailure, list_failures

blueprint = Blueprint(
    "delivery-failures", __name__, url_prefix="/v1", description="Deliveries that failed."
)


class DeliveryFailureSchema(Schema):
    """Calls of one listing that failed in one way within one hour; all of them were free."""

    listing_code = fields.String(required=True)
    hour = Timestamp(required=True)
    kind = fields.String(required=True, validate=validate.OneOf([*FailureKind]))
    calls_count = fields.Integer(required=True)
    last_at = Timestamp(required=True)
    last_detail = fields.String(
        required=True,
    )


class FailureQuerySchema(PeriodQuerySchema):
    """Which failures; the period is of hours that begin in it."""

    listing_code = Text(load_default=None, max=64)
    kind = Text(load_default=None, max=32, validate=validate.OneOf([*FailureKind]))


@blueprint.route("/delivery-failures", methods=["GET"])
@blueprint.arguments(FailureQuerySchema, location="query")
@blueprint.response(200, page_schema(DeliveryFailureSchema))
@requires(Permission.READ_OWN)
def get_delivery_failures(query: dict[str, Any]) -> Page[DeliveryFailure]:
    """Deliveries of the supplier's listings that failed, the latest hours first."""
    principal = current_principal()
    supplier_id = None if principal.is_exchange_staff else principal.organisation_id
    with unit_of_work() as uow:
        return list_failures(uow.session, supplier_id, **query)
