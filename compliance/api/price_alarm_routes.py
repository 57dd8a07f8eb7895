"""Routes of prices that differ under the same conditions: the supplier's reason, the decision."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import public, requires
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from compliance import queries, services
from compliance.api.blueprint import blueprint, own_only
from compliance.models.price_alarms import PriceAlarm
from compliance.review import price_alarms
from compliance.schemas.price_alarms import (
    DecidePriceSchema,
    ExplainPriceSchema,
    PriceAlarmQuerySchema,
    PriceAlarmSchema,
    PriceGroundListSchema,
)


@blueprint.route("/price-grounds", methods=["GET"])
@blueprint.response(200, PriceGroundListSchema)
@public("everybody may know what justifies another price")
def get_price_grounds() -> Any:
    """What may justify another price under the same conditions, in both languages."""
    return price_alarms.table()


@blueprint.route("/price-alarms", methods=["GET"])
@blueprint.arguments(PriceAlarmQuerySchema, location="query")
@blueprint.response(200, page_schema(PriceAlarmSchema))
@requires(Permission.READ_OWN)
def get_price_alarms(query: dict[str, Any]) -> Page[PriceAlarm]:
    """A supplier's own alarms; the exchange's staff see all, newest first."""
    with unit_of_work() as uow:
        return queries.list_price_alarms(uow, reader_id=own_only(current_principal()), **query)


@blueprint.route("/price-alarms/<alarm_id>", methods=["GET"])
@blueprint.response(200, PriceAlarmSchema)
@requires(Permission.READ_OWN)
def get_price_alarm(alarm_id: str) -> PriceAlarm:
    """One alarm."""
    with unit_of_work() as uow:
        return queries.get_price_alarm(uow, alarm_id, reader_id=own_only(current_principal()))


@blueprint.route("/price-alarms/<alarm_id>/explanation", methods=["POST"])
@blueprint.arguments(ExplainPriceSchema)
@blueprint.response(201, PriceAlarmSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_explanation(command: dict[str, Any], alarm_id: str) -> PriceAlarm:
    """Say why this buyer has another price."""
    with unit_of_work() as uow:
        alarm = services.explain_price(uow, current_principal(), alarm_id=alarm_id, **command)
        uow.commit()
        return alarm


@blueprint.route("/price-alarms/<alarm_id>/decision", methods=["POST"])
@blueprint.arguments(DecidePriceSchema)
@blueprint.response(201, PriceAlarmSchema)
@requires(Permission.SUSPEND)
@idempotent
def post_price_decision(command: dict[str, Any], alarm_id: str) -> PriceAlarm:
    """Accept the supplier's reason, or object; both with one's own."""
    with unit_of_work() as uow:
        alarm = services.decide_price(uow, current_principal(), alarm_id=alarm_id, **command)
        uow.commit()
        return alarm
