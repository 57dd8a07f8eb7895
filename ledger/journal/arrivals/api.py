"""Routes of money that came to the bank without a reference."""

from typing import Any

from app.core.cipher import Cipher
from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from ledger.journal.arrivals import queries as arrival_queries
from ledger.journal.arrivals import schemas
from ledger.journal.arrivals import services as arrival_services
from ledger.journal.arrivals.models import BankArrival

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
@blueprint.arguments(schemas.RecordArrivalSchema)
@blueprint.response(201, schemas.ArrivalSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_bank_arrival(command: dict[str, Any]) -> dict[str, Any]:
    """Record money on the bank's statement that names no top-up; it waits in suspense."""
    with unit_of_work() as uow:
        made = arrival_services.record_arrival(uow, current_principal(), get(Cipher), **command)
        uow.commit()
        return _shown(made)


@blueprint.route("/bank-arrivals", methods=["GET"])
@blueprint.arguments(schemas.ArrivalQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.ArrivalSchema))
@requires(Permission.CONFIRM_TOP_UPS)
def get_bank_arrivals(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """What was recorded, with the statement's lines, for whoever finds out whose it is."""
    with unit_of_work() as uow:
        page = arrival_queries.list_arrivals(uow.session, **query)
        return Page([_shown(each) for each in page.items], page.next_cursor)
