"""Routes of money in suspense: what is there, and whose it turned out to be."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from ledger.journal.settlement import (
    schemas,
    suspense_queries,
    suspense_schemas,
    suspense_services,
)
from ledger.journal.settlement.models import SuspenseAssignment
from ledger.journal.settlement.suspense_queries import Suspended

blueprint = Blueprint(
    "suspense", __name__, url_prefix="/v1", description="Money that nobody announced."
)


@blueprint.route("/suspense", methods=["GET"])
@blueprint.arguments(suspense_schemas.SuspenseQuerySchema, location="query")
@blueprint.response(200, page_schema(suspense_schemas.SuspendedSchema))
@requires(Permission.READ_EXCHANGE)
def get_suspense(query: dict[str, Any]) -> Page[Suspended]:
    """Money at a provider or at the bank without anything of ours that explains it."""
    with unit_of_work() as uow:
        return suspense_queries.list_suspended(uow.session, **query)


@blueprint.route("/suspense-assignments", methods=["POST"])
@blueprint.arguments(suspense_schemas.ProposeSuspenseAssignmentSchema)
@blueprint.response(201, suspense_schemas.SuspenseAssignmentSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_suspense_assignment(command: dict[str, Any]) -> SuspenseAssignment:
    """Say whose wallet the money belongs to; a second operator decides."""
    with unit_of_work() as uow:
        made = suspense_services.propose_assignment(uow, current_principal(), **command)
        uow.commit()
        return made


@blueprint.route("/suspense-assignments", methods=["GET"])
@blueprint.arguments(suspense_schemas.SuspenseAssignmentQuerySchema, location="query")
@blueprint.response(200, page_schema(suspense_schemas.SuspenseAssignmentSchema))
@requires(Permission.READ_EXCHANGE)
def get_suspense_assignments(query: dict[str, Any]) -> Page[SuspenseAssignment]:
    """Assignments, newest first."""
    with unit_of_work() as uow:
        return suspense_queries.list_assignments(uow.session, **query)


@blueprint.route("/suspense-assignments/<string:assignment_id>/decision", methods=["POST"])
@blueprint.arguments(schemas.SecondWordSchema)
@blueprint.response(200, suspense_schemas.SuspenseAssignmentSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_suspense_decision(command: dict[str, Any], assignment_id: str) -> SuspenseAssignment:
    """Approve or decline what another operator proposed."""
    approves = command["decision"] == "approve"
    decide = (
        suspense_services.approve_assignment if approves else suspense_services.decline_assignment
    )
    with unit_of_work() as uow:
        made = decide(uow, current_principal(), assignment_id=assignment_id)
        uow.commit()
        return made
