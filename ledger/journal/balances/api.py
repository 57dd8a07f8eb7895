"""Routes of what an organisation has and is owed now, and of what all accounts come to."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import own_organisation, unit_of_work
from app.web.limits import limit
from app.web.paging import page_schema
from ledger.journal.balances import schemas
from ledger.journal.balances.queries import Payable, list_payables, read_trial_balance
from ledger.journal.wallets import queries as wallet_queries
from ledger.journal.withdrawals import queries as withdrawal_queries

blueprint = Blueprint(
    "balances", __name__, url_prefix="/v1", description="What one has and is owed now."
)


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


@blueprint.route("/payables", methods=["GET"])
@blueprint.arguments(schemas.WalletQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.PayableSchema))
@requires(Permission.READ_ACCOUNTS)
@limit("60 per minute")
def get_payables(query: dict[str, Any]) -> Page[Payable]:
    """Accrued, settled, under way and on hold, per currency, as the books have it now."""
    with unit_of_work() as uow:
        return list_payables(uow.session, own_organisation(), **query)


@blueprint.route("/trial-balance", methods=["GET"])
@blueprint.arguments(schemas.TrialBalanceQuerySchema, location="query")
@blueprint.response(200, schemas.TrialBalancesSchema)
@requires(Permission.READ_EXCHANGE)
@limit("6 per minute")
def get_trial_balance(query: dict[str, Any]) -> dict[str, Any]:
    """Commission, tax, bank and every other kind of account in a time, from the postings."""
    with unit_of_work() as uow:
        return {"items": read_trial_balance(uow.session, **query)}
