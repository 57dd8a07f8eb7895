"""Routes of effects: what waits and what was given up, and one more try."""

from typing import Any

from app.core.outbox import OutboxMessage
from app.core.paging import Page
from app.core.principals import Permission
from app.effects import queries, services
from app.effects.schemas import EffectPageQuerySchema, EffectPageSchema, EffectSchema
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent

blueprint = Blueprint(
    "effects",
    __name__,
    description="What is done outside the process after a commit: on the chain, at upstreams.",
)


@blueprint.route("/v1/effects", methods=["GET"])
@blueprint.arguments(EffectPageQuerySchema, location="query")
@blueprint.response(200, EffectPageSchema)
@requires(Permission.OPERATE)
def get_effects(query: dict[str, Any]) -> Page[OutboxMessage]:
    """List effects, newest first; `state=dead` has those that were given up."""
    with unit_of_work() as uow:
        return queries.list_effects(uow, **query)


@blueprint.route("/v1/effects/<int:effect_number>/retry", methods=["POST"])
@blueprint.response(200, EffectSchema)
@requires(Permission.OPERATE)
@idempotent
def post_effect_retry(effect_number: int) -> OutboxMessage:
    """Have an effect that was given up tried again, as often as a new one."""
    with unit_of_work() as uow:
        message = services.retry_effect(uow, current_principal(), number=effect_number)
        uow.commit()
    return message
