"""Routes of the duties that no code enforces: whoever runs the exchange answers for them."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from compliance import queries, services
from compliance.api.blueprint import blueprint
from compliance.models.platform import PlatformStatement
from compliance.schemas.platform import (
    PlatformDutyListSchema,
    PlatformStatementQuerySchema,
    PlatformStatementSchema,
    StateDutySchema,
)


@blueprint.route("/platform-duties", methods=["GET"])
@blueprint.response(200, PlatformDutyListSchema)
@requires(Permission.READ_EXCHANGE)
def get_platform_duties() -> dict[str, Any]:
    """Each rule of the platform that names no code, and how it stands: only HELD meets it."""
    with unit_of_work() as uow:
        return {"items": queries.list_platform_duties(uow)}


@blueprint.route("/platform-statements", methods=["GET"])
@blueprint.arguments(PlatformStatementQuerySchema, location="query")
@blueprint.response(200, page_schema(PlatformStatementSchema))
@requires(Permission.READ_EXCHANGE)
def get_platform_statements(query: dict[str, Any]) -> Page[PlatformStatement]:
    """Everything that was stated, newest first."""
    with unit_of_work() as uow:
        return queries.list_platform_statements(uow, **query)


@blueprint.route("/platform-duties/<rule_id>/statements", methods=["POST"])
@blueprint.arguments(StateDutySchema)
@blueprint.response(201, PlatformStatementSchema)
@requires(Permission.OPERATE)
@idempotent
def post_platform_statement(command: dict[str, Any], rule_id: str) -> PlatformStatement:
    """State how a duty is met, on a document's word, for a limited time; its rule weighs it."""
    with unit_of_work() as uow:
        made = services.state_duty(uow, current_principal(), rule_id=rule_id, **command)
        uow.commit()
        return made


@blueprint.route("/platform-statements/<statement_id>/confirmation", methods=["POST"])
@blueprint.response(201, PlatformStatementSchema)
@requires(Permission.OPERATE)
@idempotent
def post_platform_confirmation(statement_id: str) -> PlatformStatement:
    """Confirm what somebody else stated; from now on, and until it lapses, the duty is held."""
    with unit_of_work() as uow:
        made = services.confirm_duty(uow, current_principal(), statement_id=statement_id)
        uow.commit()
        return made
