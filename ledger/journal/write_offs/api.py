"""Routes of debts that are written off, by two people, and of what came in since."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, own_organisation, unit_of_work, whoever_asks
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from app.web.schemas import members_of
from ledger.journal import decider_schemas
from ledger.journal.write_offs import queries as write_off_queries
from ledger.journal.write_offs import schemas
from ledger.journal.write_offs import services as write_off_services
from ledger.journal.write_offs.models import WriteOff

blueprint = Blueprint(
    "write_offs", __name__, url_prefix="/v1", description="Debts that nobody expects to be paid."
)


@blueprint.route("/write-offs", methods=["POST"])
@blueprint.arguments(schemas.ProposeWriteOffSchema)
@blueprint.response(201, schemas.WriteOffSummarySchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_write_off(command: dict[str, Any]) -> WriteOff:
    """Propose to give up all that an organisation owes; a second operator decides."""
    with unit_of_work() as uow:
        made = write_off_services.propose_write_off(uow, current_principal(), **command)
        uow.commit()
        return made


@blueprint.route("/write-offs", methods=["GET"])
@blueprint.arguments(schemas.WriteOffQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.WriteOffSummarySchema))
@requires(Permission.READ_OWN)
def get_write_offs(query: dict[str, Any]) -> Page[WriteOff]:
    """Debts that were written off, newest first; the exchange's staff see proposals too."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return write_off_queries.list_write_offs(uow.session, own_organisation(), **query)


@blueprint.route("/write-offs/<string:write_off_id>", methods=["GET"])
@blueprint.response(200, schemas.WriteOffSchema)
@requires(Permission.READ_OWN)
def get_write_off(write_off_id: str) -> dict[str, Any]:
    """One write-off, debt by debt, with what came in since."""
    with unit_of_work() as uow:
        found = write_off_queries.get_write_off(uow.session, write_off_id, own_organisation())
        items = write_off_queries.list_items(uow.session, write_off_id)
        shown = members_of(schemas.WriteOffSummarySchema(), found)
        return {**shown, "items": items}


@blueprint.route("/write-offs/<string:write_off_id>/decision", methods=["POST"])
@blueprint.arguments(decider_schemas.SecondWordSchema)
@blueprint.response(200, schemas.WriteOffSummarySchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_write_off_decision(command: dict[str, Any], write_off_id: str) -> WriteOff:
    """Approve or decline what another operator proposed."""
    approves = command["decision"] == "approve"
    decide = (
        write_off_services.approve_write_off if approves else write_off_services.decline_write_off
    )
    with unit_of_work() as uow:
        made = decide(uow, current_principal(), write_off_id=write_off_id)
        uow.commit()
        return made
