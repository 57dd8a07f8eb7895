"""Routes of orders and agreements."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from listings import services
from listings.api.blueprint import blueprint
from listings.models import Agreement, Order
from listings.ports import ExchangePolicy
from listings.queries import orders
from listings.queries.orders import OrderFilter
from listings.schemas.orders import (
    AgreementQuerySchema,
    AgreementSchema,
    AgreementSummarySchema,
    OrderQuerySchema,
    OrderSchema,
    PlaceOrderSchema,
)


@blueprint.route("/orders", methods=["POST"])
@blueprint.arguments(PlaceOrderSchema)
@blueprint.response(201, OrderSchema)
@requires(Permission.BUY)
@idempotent
def post_order(command: dict[str, Any]) -> Order:
    """Accept a plan for an approved scenario; the answer names agreement and licence."""
    with unit_of_work() as uow:
        order = services.place_order(uow, current_principal(), get(ExchangePolicy), **command)
        uow.commit()
    return order


@blueprint.route("/orders", methods=["GET"])
@blueprint.arguments(OrderQuerySchema, location="query")
@blueprint.response(200, page_schema(OrderSchema))
@requires(Permission.READ_OWN)
def get_orders(query: dict[str, Any]) -> Page[Order]:
    """List the orders that one's organisation placed or received, newest first."""
    page = {name: query.pop(name) for name in ("cursor", "limit")}
    wanted = OrderFilter(**query)
    own = current_principal().organisation_id
    with unit_of_work() as uow:
        return orders.list_orders(uow.session, organisation_id=own, wanted=wanted, **page)


@blueprint.route("/orders/<order_id>", methods=["GET"])
@blueprint.response(200, OrderSchema)
@requires(Permission.READ_OWN)
def get_order(order_id: str) -> Order:
    """Show an order to either party."""
    organisation_id = current_principal().organisation_id
    with unit_of_work() as uow:
        return orders.get_order(uow.session, order_id, organisation_id=organisation_id)


@blueprint.route("/agreements", methods=["GET"])
@blueprint.arguments(AgreementQuerySchema, location="query")
@blueprint.response(200, page_schema(AgreementSummarySchema))
@requires(Permission.READ_OWN)
def get_agreements(query: dict[str, Any]) -> Page[Agreement]:
    """List the agreements that one's organisation is party to, newest first."""
    own = current_principal().organisation_id
    with unit_of_work() as uow:
        return orders.list_agreements(uow.session, organisation_id=own, **query)


@blueprint.route("/agreements/<agreement_id>", methods=["GET"])
@blueprint.response(200, AgreementSchema)
@requires(Permission.READ_OWN)
def get_agreement(agreement_id: str) -> Agreement:
    """Show an agreement to either party."""
    organisation_id = current_principal().organisation_id
    with unit_of_work() as uow:
        return orders.get_agreement(uow.session, agreement_id, organisation_id=organisation_id)
