"""Routes of bank details: where a supplier's payouts and a buyer's withdrawals go."""

from typing import Any

from app.core.cipher import Cipher
from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, own_organisation, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from ledger.journal.bank_accounts import queries as bank_account_queries
from ledger.journal.bank_accounts import schemas
from ledger.journal.bank_accounts import services as bank_account_services
from ledger.journal.bank_accounts.details import BankDetails
from ledger.journal.bank_accounts.models import BankAccount
from ledger.journal.ids import BankAccountId

blueprint = Blueprint(
    "bank-accounts", __name__, url_prefix="/v1", description="Where your money shall go."
)


@blueprint.route("/bank-accounts", methods=["POST"])
@blueprint.arguments(schemas.RegisterBankAccountSchema)
@blueprint.response(201, schemas.BankAccountSchema)
@requires(Permission.REGISTER_BANK_ACCOUNTS)
@idempotent
def post_bank_account(command: dict[str, Any]) -> BankAccount:
    """Register where your money shall go; it counts after three days, older details until then."""
    currency = command.pop("currency")
    with unit_of_work() as uow:
        account = bank_account_services.register_bank_account(
            uow,
            current_principal(),
            get(Cipher),
            currency=currency,
            details=BankDetails(**command),
        )
        uow.commit()
        return account


@blueprint.route("/bank-accounts", methods=["GET"])
@blueprint.arguments(schemas.BankAccountQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.BankAccountSchema))
@requires(Permission.READ_OWN)
def get_bank_accounts(query: dict[str, Any]) -> Page[BankAccount]:
    """Registered bank details, masked, newest first."""
    with unit_of_work() as uow:
        return bank_account_queries.list_bank_accounts(uow.session, own_organisation(), **query)


@blueprint.route("/bank-accounts/<string:bank_account_id>/cancellation", methods=["POST"])
@blueprint.response(200, schemas.BankAccountSchema)
@requires(Permission.REGISTER_BANK_ACCOUNTS)
@idempotent
def post_bank_account_cancellation(bank_account_id: str) -> BankAccount:
    """Stop bank details that still wait."""
    with unit_of_work() as uow:
        account = bank_account_services.cancel_bank_account(
            uow, current_principal(), bank_account_id=BankAccountId(bank_account_id)
        )
        uow.commit()
        return account
