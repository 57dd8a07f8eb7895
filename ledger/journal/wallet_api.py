"""The route of wallets: what is there, what is owed, and what may go back to the bank."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import own_organisation, unit_of_work
from app.web.paging import page_schema
from ledger.journal import schemas, wallet_queries
from ledger.journal.withdrawals import queries as withdrawal_queries

blueprint = Blueprint("wallets", __name__, url_prefix="/v1", description="Prepaid money.")


@blueprint.route("/wallets", methods=["GET"])
@blueprint.arguments(schemas.WalletQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.WalletSchema))
@requires(Permission.READ_ACCOUNTS)
def get_wallets(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """Balance, pending, available, owed and refundable money per currency."""
    with unit_of_work() as uow:
        page = wallet_queries.list_wallets(uow.session, own_organisation(), **query)
        refundable = withdrawal_queries.refundable_amounts(uow.session, page.items)
        items = [
            {**vars(each), "refundable_amount": refundable[each.account_id]} for each in page.items
        ]
        return Page(items, page.next_cursor)
