"""Routes of webhook endpoints."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.notices import queries, services
from app.notices.api.blueprint import blueprint
from app.notices.models import WebhookDelivery, WebhookEndpoint
from app.notices.ports import WebhookKit
from app.notices.schemas import (
    ChangeWebhookEndpointSchema,
    CreateWebhookEndpointSchema,
    IssuedWebhookEndpointSchema,
    ReplayedSchema,
    ReplaySinceSchema,
    RotateWebhookSecretSchema,
    WebhookDeliverySchema,
    WebhookEndpointPageSchema,
    WebhookEndpointSchema,
)
from app.notices.services import IssuedEndpoint, Replayed
from app.web.access import requires
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.paging import PageQuerySchema

_PATH = "/v1/webhook-endpoints"


@blueprint.route(_PATH, methods=["POST"])
@blueprint.arguments(CreateWebhookEndpointSchema)
@blueprint.response(201, IssuedWebhookEndpointSchema)
@requires(Permission.MANAGE_WEBHOOKS)
@idempotent
def post_webhook_endpoint(command: dict[str, Any]) -> IssuedEndpoint:
    """Name an address that notices are sent to; its secret is shown this once."""
    with unit_of_work() as uow:
        issued = services.create_endpoint(uow, get(WebhookKit), current_principal(), **command)
        uow.commit()
    return issued


@blueprint.route(_PATH, methods=["GET"])
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, WebhookEndpointPageSchema)
@requires(Permission.MANAGE_WEBHOOKS)
def get_webhook_endpoints(query: dict[str, Any]) -> Page[WebhookEndpoint]:
    """List one's organisation's endpoints."""
    with unit_of_work() as uow:
        return queries.list_endpoints(uow, current_principal().organisation_id, **query)


@blueprint.route(f"{_PATH}/<endpoint_id>", methods=["GET"])
@blueprint.response(200, WebhookEndpointSchema)
@requires(Permission.MANAGE_WEBHOOKS)
def get_webhook_endpoint(endpoint_id: str) -> WebhookEndpoint:
    """Show one endpoint."""
    with unit_of_work() as uow:
        return queries.get_endpoint(uow, current_principal().organisation_id, endpoint_id)


@blueprint.route(f"{_PATH}/<endpoint_id>", methods=["PATCH"])
@blueprint.arguments(ChangeWebhookEndpointSchema)
@blueprint.response(200, WebhookEndpointSchema)
@requires(Permission.MANAGE_WEBHOOKS)
def patch_webhook_endpoint(command: dict[str, Any], endpoint_id: str) -> WebhookEndpoint:
    """Change an endpoint, or switch it off and on again."""
    with unit_of_work() as uow:
        changed = services.change_endpoint(
            uow, get(WebhookKit), current_principal(), endpoint_id=endpoint_id, **command
        )
        uow.commit()
    return changed


@blueprint.route(f"{_PATH}/<endpoint_id>", methods=["DELETE"])
@blueprint.response(204)
@requires(Permission.MANAGE_WEBHOOKS)
def delete_webhook_endpoint(endpoint_id: str) -> None:
    """End an endpoint for good."""
    with unit_of_work() as uow:
        services.delete_endpoint(uow, current_principal(), endpoint_id=endpoint_id)
        uow.commit()


@blueprint.route(f"{_PATH}/<endpoint_id>/secret", methods=["POST"])
@blueprint.arguments(RotateWebhookSecretSchema)
@blueprint.response(201, IssuedWebhookEndpointSchema)
@requires(Permission.MANAGE_WEBHOOKS)
@idempotent
def post_webhook_secret(command: dict[str, Any], endpoint_id: str) -> IssuedEndpoint:
    """Make a new secret; for a day messages carry signatures of both."""
    with unit_of_work() as uow:
        issued = services.rotate_secret(
            uow, get(WebhookKit), current_principal(), endpoint_id=endpoint_id, **command
        )
        uow.commit()
    return issued


@blueprint.route(f"{_PATH}/<endpoint_id>/ping", methods=["POST"])
@blueprint.response(201, WebhookDeliverySchema)
@requires(Permission.MANAGE_WEBHOOKS)
@limit("10 per minute")
@idempotent
def post_webhook_ping(endpoint_id: str) -> WebhookDelivery:
    """Send a test message to this endpoint."""
    with unit_of_work() as uow:
        delivery = services.ping_endpoint(uow, current_principal(), endpoint_id=endpoint_id)
        uow.commit()
    return delivery


@blueprint.route(f"{_PATH}/<endpoint_id>/replay", methods=["POST"])
@blueprint.arguments(ReplaySinceSchema)
@blueprint.response(201, ReplayedSchema)
@requires(Permission.MANAGE_WEBHOOKS)
@limit("30 per minute")
@idempotent
def post_webhook_replay(command: dict[str, Any], endpoint_id: str) -> Replayed:
    """Send again what did not arrive since an instant, up to 1,000 messages a request."""
    with unit_of_work() as uow:
        replayed = services.replay_since(
            uow, current_principal(), endpoint_id=endpoint_id, **command
        )
        uow.commit()
    return replayed
