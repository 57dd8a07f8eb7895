"""Routes of money that came to the bank without a reference, and of what goes back of it."""

from typing import Any

from app.core.cipher import Cipher
from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from ledger.journal.settlement import (
    arrival_queries,
    arrival_schemas,
    arrival_services,
    schemas,
)
from ledger.journal.settlement.arrival_models import BankArrival, SuspenseReturn

blueprint = Blueprint(
    "arrivals", __name__, url_prefix="/v1", description="Money that came without a reference."
)
_SHOWN = (
    "reference",
    "bank_reference",
    "amount",
    "currency",
    "arrived_on",
    "recorded_by",
    "recorded_at",
)


def _shown(arrival: BankArrival) -> dict[str, Any]:
    line = arrival_services.open_line(get(Cipher), arrival)
    return {**{name: getattr(arrival, name) for name in _SHOWN}, "statement_line": line}


@blueprint.route("/bank-arrivals", methods=["POST"])
@blueprint.arguments(arrival_schemas.RecordArrivalSchema)
@blueprint.response(201, arrival_schemas.ArrivalSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_bank_arrival(command: dict[str, Any]) -> dict[str, Any]:
    """Record money on the bank's statement that names no top-up; it waits in suspense."""
    with unit_of_work() as uow:
        made = arrival_services.record_arrival(uow, current_principal(), get(Cipher), **command)
        uow.commit()
        return _shown(made)


@blueprint.route("/bank-arrivals", methods=["GET"])
@blueprint.arguments(arrival_schemas.ArrivalQuerySchema, location="query")
@blueprint.response(200, page_schema(arrival_schemas.ArrivalSchema))
@requires(Permission.CONFIRM_TOP_UPS)
def get_bank_arrivals(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """What was recorded, with the statement's lines, for whoever finds out whose it is."""
    with unit_of_work() as uow:
        page = arrival_queries.list_arrivals(uow.session, **query)
        return Page([_shown(each) for each in page.items], page.next_cursor)


@blueprint.route("/suspense-returns", methods=["POST"])
@blueprint.arguments(arrival_schemas.ProposeSuspenseReturnSchema)
@blueprint.response(201, arrival_schemas.SuspenseReturnSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_suspense_return(command: dict[str, Any]) -> SuspenseReturn:
    """Propose that money of the bank's goes back to its sender; a second operator decides."""
    with unit_of_work() as uow:
        made = arrival_services.propose_return(uow, current_principal(), **command)
        uow.commit()
        return made


@blueprint.route("/suspense-returns", methods=["GET"])
@blueprint.arguments(arrival_schemas.SuspenseReturnQuerySchema, location="query")
@blueprint.response(200, page_schema(arrival_schemas.SuspenseReturnSchema))
@requires(Permission.READ_EXCHANGE)
def get_suspense_returns(query: dict[str, Any]) -> Page[SuspenseReturn]:
    """Returns, newest first."""
    with unit_of_work() as uow:
        return arrival_queries.list_returns(uow.session, **query)


@blueprint.route("/suspense-returns/<string:return_id>/decision", methods=["POST"])
@blueprint.arguments(schemas.SecondWordSchema)
@blueprint.response(200, arrival_schemas.SuspenseReturnSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_suspense_return_decision(command: dict[str, Any], return_id: str) -> SuspenseReturn:
    """Approve or decline what another operator proposed."""
    approves = command["decision"] == "approve"
    decide = arrival_services.approve_return if approves else arrival_services.decline_return
    with unit_of_work() as uow:
        made = decide(uow, current_principal(), return_id=return_id)
        uow.commit()
        return made


@blueprint.route("/suspense-returns/<string:return_id>/completion", methods=["POST"])
@blueprint.arguments(schemas.SendPayoutSchema)
@blueprint.response(200, arrival_schemas.SuspenseReturnSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_suspense_return_completion(command: dict[str, Any], return_id: str) -> SuspenseReturn:
    """State that the bank's account shows that the money left, with the bank's reference."""
    with unit_of_work() as uow:
        made = arrival_services.complete_return(uow, return_id=return_id, **command)
        uow.commit()
        return made


@blueprint.route("/suspense-returns/<string:return_id>/failure", methods=["POST"])
@blueprint.arguments(schemas.FailPayoutSchema)
@blueprint.response(200, arrival_schemas.SuspenseReturnSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_suspense_return_failure(command: dict[str, Any], return_id: str) -> SuspenseReturn:
    """State that it did not leave, or came back: it is in suspense again."""
    with unit_of_work() as uow:
        made = arrival_services.fail_return(uow, return_id=return_id, **command)
        uow.commit()
        return made
