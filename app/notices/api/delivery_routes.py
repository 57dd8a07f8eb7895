"""Routes of deliveries: the log, sending one again, and what operators see of dead letters."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.notices import queries, services
from app.notices.api.blueprint import blueprint
from app.notices.models import WebhookDelivery
from app.notices.queries import DeliveryDetails
from app.notices.schemas import (
    DeadLetterPageSchema,
    DeadLetterQuerySchema,
    WebhookDeliveryDetailsSchema,
    WebhookDeliveryPageQuerySchema,
    WebhookDeliveryPageSchema,
    WebhookDeliverySchema,
)
from app.web.access import requires
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.limits import limit


@blueprint.route("/v1/webhook-deliveries", methods=["GET"])
@blueprint.arguments(WebhookDeliveryPageQuerySchema, location="query")
@blueprint.response(200, WebhookDeliveryPageSchema)
@requires(Permission.MANAGE_WEBHOOKS)
def get_webhook_deliveries(query: dict[str, Any]) -> Page[WebhookDelivery]:
    """List one's organisation's deliveries, newest first."""
    with unit_of_work() as uow:
        return queries.list_deliveries(uow, current_principal().organisation_id, **query)


@blueprint.route("/v1/webhook-deliveries/<delivery_id>", methods=["GET"])
@blueprint.response(200, WebhookDeliveryDetailsSchema)
@requires(Permission.MANAGE_WEBHOOKS)
def get_webhook_delivery(delivery_id: str) -> DeliveryDetails:
    """Show one delivery, its message and every attempt."""
    with unit_of_work() as uow:
        return queries.get_delivery(uow, current_principal().organisation_id, delivery_id)


@blueprint.route("/v1/webhook-deliveries/<delivery_id>/replay", methods=["POST"])
@blueprint.response(201, WebhookDeliverySchema)
@requires(Permission.MANAGE_WEBHOOKS)
@limit("60 per minute")
@idempotent
def post_delivery_replay(delivery_id: str) -> WebhookDelivery:
    """Send one message again, under the same webhook-id."""
    with unit_of_work() as uow:
        delivery = services.replay_delivery(uow, current_principal(), delivery_id=delivery_id)
        uow.commit()
    return delivery


@blueprint.route("/v1/dead-letters", methods=["GET"])
@blueprint.arguments(DeadLetterQuerySchema, location="query")
@blueprint.response(200, DeadLetterPageSchema)
@requires(Permission.OPERATE)
def get_dead_letters(query: dict[str, Any]) -> Page[WebhookDelivery]:
    """List what was given up, of every organisation; the messages themselves are theirs."""
    organisation_id = query.pop("organisation_id")
    with unit_of_work() as uow:
        return queries.list_deliveries(uow, organisation_id, state="dead", **query)
