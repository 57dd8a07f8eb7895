"""The route of payables: what a supplier is owed now."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import own_organisation, unit_of_work
from app.web.limits import limit
from app.web.paging import page_schema
from ledger.journal import schemas
from ledger.journal.payable_queries import Payable, list_payables

blueprint = Blueprint(
    "payables", __name__, url_prefix="/v1", description="What suppliers are owed."
)


@blueprint.route("/payables", methods=["GET"])
@blueprint.arguments(schemas.WalletQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.PayableSchema))
@requires(Permission.READ_ACCOUNTS)
@limit("60 per minute")
def get_payables(query: dict[str, Any]) -> Page[Payable]:
    """Accrued, settled, under way and on hold, per currency, as the books have it now."""
    with unit_of_work() as uow:
        return list_payables(uow.session, own_organisation(), **query)
