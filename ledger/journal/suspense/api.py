"""Routes of money in suspense: what is there, whose it turned out to be, and what goes back."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, unit_of_work, whoever_asks
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from ledger.journal import decider_schemas
from ledger.journal.bank_accounts import outgoing_schemas
from ledger.journal.suspense import assignment_services, return_services, schemas
from ledger.journal.suspense import queries as suspense_queries
from ledger.journal.suspense.models import SuspenseAssignment, SuspenseReturn
from ledger.journal.suspense.queries import Suspended

blueprint = Blueprint(
    "suspense", __name__, url_prefix="/v1", description="Money that nobody announced."
)


@blueprint.route("/suspense", methods=["GET"])
@blueprint.arguments(schemas.SuspenseQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.SuspendedSchema))
@requires(Permission.READ_EXCHANGE)
def get_suspense(query: dict[str, Any]) -> Page[Suspended]:
    """Money at a provider or at the bank without anything of ours that explains it."""
    with unit_of_work() as uow:
        return suspense_queries.list_suspended(uow.session, **query)


@blueprint.route("/suspense-assignments", methods=["POST"])
@blueprint.arguments(schemas.ProposeSuspenseAssignmentSchema)
@blueprint.response(201, schemas.SuspenseAssignmentSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_suspense_assignment(command: dict[str, Any]) -> SuspenseAssignment:
    """Say whose wallet the money belongs to; a second operator decides."""
    with unit_of_work() as uow:
        made = assignment_services.propose_assignment(uow, current_principal(), **command)
        uow.commit()
        return made


@blueprint.route("/suspense-assignments", methods=["GET"])
@blueprint.arguments(schemas.SuspenseAssignmentQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.SuspenseAssignmentSchema))
@requires(Permission.READ_EXCHANGE)
def get_suspense_assignments(query: dict[str, Any]) -> Page[SuspenseAssignment]:
    """Assignments, newest first."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return suspense_queries.list_assignments(uow.session, **query)


@blueprint.route("/suspense-assignments/<string:assignment_id>/decision", methods=["POST"])
@blueprint.arguments(decider_schemas.SecondWordSchema)
@blueprint.response(200, schemas.SuspenseAssignmentSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_suspense_decision(command: dict[str, Any], assignment_id: str) -> SuspenseAssignment:
    """Approve or decline what another operator proposed."""
    approves = command["decision"] == "approve"
    decide = (
        assignment_services.approve_assignment
        if approves
        else assignment_services.decline_assignment
    )
    with unit_of_work() as uow:
        made = decide(uow, current_principal(), assignment_id=assignment_id)
        uow.commit()
        return made


@blueprint.route("/suspense-returns", methods=["POST"])
@blueprint.arguments(schemas.ProposeSuspenseReturnSchema)
@blueprint.response(201, schemas.SuspenseReturnSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_suspense_return(command: dict[str, Any]) -> SuspenseReturn:
    """Propose that money of the bank's goes back to its sender; a second operator decides."""
    with unit_of_work() as uow:
        made = return_services.propose_return(uow, current_principal(), **command)
        uow.commit()
        return made


@blueprint.route("/suspense-returns", methods=["GET"])
@blueprint.arguments(schemas.SuspenseReturnQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.SuspenseReturnSchema))
@requires(Permission.READ_EXCHANGE)
def get_suspense_returns(query: dict[str, Any]) -> Page[SuspenseReturn]:
    """Returns, newest first."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return suspense_queries.list_returns(uow.session, **query)


@blueprint.route("/suspense-returns/<string:return_id>/decision", methods=["POST"])
@blueprint.arguments(decider_schemas.SecondWordSchema)
@blueprint.response(200, schemas.SuspenseReturnSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_suspense_return_decision(command: dict[str, Any], return_id: str) -> SuspenseReturn:
    """Approve or decline what another operator proposed."""
    approves = command["decision"] == "approve"
    decide = return_services.approve_return if approves else return_services.decline_return
    with unit_of_work() as uow:
        made = decide(uow, current_principal(), return_id=return_id)
        uow.commit()
        return made


@blueprint.route("/suspense-returns/<string:return_id>/completion", methods=["POST"])
@blueprint.arguments(outgoing_schemas.SendPayoutSchema)
@blueprint.response(200, schemas.SuspenseReturnSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_suspense_return_completion(command: dict[str, Any], return_id: str) -> SuspenseReturn:
    """State that the bank's account shows that the money left, with the bank's reference."""
    with unit_of_work() as uow:
        made = return_services.complete_return(uow, return_id=return_id, **command)
        uow.commit()
        return made


@blueprint.route("/suspense-returns/<string:return_id>/failure", methods=["POST"])
@blueprint.arguments(outgoing_schemas.FailPayoutSchema)
@blueprint.response(200, schemas.SuspenseReturnSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_suspense_return_failure(command: dict[str, Any], return_id: str) -> SuspenseReturn:
    """State that it did not leave, or came back: it is in suspense again."""
    with unit_of_work() as uow:
        made = return_services.fail_return(uow, return_id=return_id, **command)
        uow.commit()
        return made
