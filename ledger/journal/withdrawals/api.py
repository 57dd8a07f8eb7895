"""Routes of withdrawals: a buyer's free money goes back to its bank, by two people."""

from typing import Any

from app.core.cipher import Cipher
from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, own_organisation, unit_of_work, whoever_asks
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.paging import page_schema
from app.web.staff_reads import unnoted
from ledger.journal.bank_accounts import outgoing_schemas
from ledger.journal.ids import WithdrawalId
from ledger.journal.top_ups.creditor_reference import creditor_reference
from ledger.journal.withdrawals import queries as withdrawal_queries
from ledger.journal.withdrawals import schemas
from ledger.journal.withdrawals import services as withdrawal_services
from ledger.journal.withdrawals.models import Withdrawal

blueprint = Blueprint(
    "withdrawals", __name__, url_prefix="/v1", description="Money back to a buyer's bank."
)


@blueprint.route("/withdrawals", methods=["POST"])
@blueprint.arguments(schemas.RequestWithdrawalSchema)
@blueprint.response(201, schemas.WithdrawalSchema)
@requires(Permission.BUY)
@idempotent
def post_wallet_withdrawal(command: dict[str, Any]) -> Withdrawal:
    """Ask for free money that came by bank transfer; the exchange approves and sends it."""
    with unit_of_work() as uow:
        made = withdrawal_services.request_withdrawal(uow, current_principal(), **command)
        uow.commit()
        return made


@blueprint.route("/withdrawals", methods=["GET"])
@blueprint.arguments(schemas.WithdrawalQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.WithdrawalSchema))
@requires(Permission.READ_OWN)
def get_withdrawals(query: dict[str, Any]) -> Page[Withdrawal]:
    """Withdrawals of the organisation, newest first."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return withdrawal_queries.list_withdrawals(uow.session, own_organisation(), **query)


@blueprint.route("/withdrawals/<string:withdrawal_id>", methods=["GET"])
@blueprint.response(200, schemas.WithdrawalSchema)
@requires(Permission.READ_OWN)
def get_withdrawal(withdrawal_id: str) -> Withdrawal:
    """One withdrawal."""
    with unit_of_work() as uow:
        return withdrawal_queries.get_withdrawal(
            uow.session, WithdrawalId(withdrawal_id), own_organisation()
        )


@blueprint.route("/withdrawals/<string:withdrawal_id>/approval", methods=["POST"])
@blueprint.response(200, schemas.WithdrawalSchema)
@requires(Permission.APPROVE_PAYOUTS)
@idempotent
def post_withdrawal_approval(withdrawal_id: str) -> Withdrawal:
    """Let it go: the money leaves the wallet; somebody else sends it."""
    with unit_of_work() as uow:
        made = withdrawal_services.approve_withdrawal(
            uow, current_principal(), withdrawal_id=WithdrawalId(withdrawal_id)
        )
        uow.commit()
        return made


@blueprint.route("/withdrawals/<string:withdrawal_id>/cancellation", methods=["POST"])
@blueprint.response(200, schemas.WithdrawalSchema)
@requires(Permission.READ_OWN)
@idempotent
def post_withdrawal_cancellation(withdrawal_id: str) -> Withdrawal:
    """Give up a request that is not approved."""
    with unit_of_work() as uow:
        made = withdrawal_services.cancel_withdrawal(
            uow, current_principal(), withdrawal_id=WithdrawalId(withdrawal_id)
        )
        uow.commit()
        return made


@blueprint.route("/withdrawals/<string:withdrawal_id>/instructions", methods=["GET"])
@blueprint.response(200, schemas.WithdrawalInstructionsSchema)
@requires(Permission.PROPOSE_PAYOUTS)
@unnoted("records withdrawal_instructions_read, with the withdrawal")
@limit("60 per hour")
def get_withdrawal_instructions(withdrawal_id: str) -> dict[str, Any]:
    """The bank details in clear, for whoever enters an approved transfer at the bank."""
    with unit_of_work() as uow:
        found = withdrawal_queries.get_withdrawal(uow.session, WithdrawalId(withdrawal_id), None)
        details = withdrawal_services.read_instructions(
            uow, current_principal(), get(Cipher), found
        )
        uow.commit()
    return {
        "withdrawal_id": found.withdrawal_id,
        "amount": found.amount,
        "currency": found.currency,
        **vars(details),
        "reference": creditor_reference(found.withdrawal_id),
    }


@blueprint.route("/withdrawals/<string:withdrawal_id>/dispatch", methods=["POST"])
@blueprint.arguments(outgoing_schemas.SendPayoutSchema)
@blueprint.response(200, schemas.WithdrawalSchema)
@requires(Permission.PROPOSE_PAYOUTS)
@idempotent
def post_withdrawal_dispatch(command: dict[str, Any], withdrawal_id: str) -> Withdrawal:
    """State that the bank took the transfer, with the bank's reference."""
    with unit_of_work() as uow:
        made = withdrawal_services.note_sent(
            uow, current_principal(), withdrawal_id=WithdrawalId(withdrawal_id), **command
        )
        uow.commit()
        return made


@blueprint.route("/withdrawals/<string:withdrawal_id>/completion", methods=["POST"])
@blueprint.response(200, schemas.WithdrawalSchema)
@requires(Permission.PROPOSE_PAYOUTS)
@idempotent
def post_withdrawal_completion(withdrawal_id: str) -> Withdrawal:
    """State that the bank's account shows the transfer as carried out."""
    with unit_of_work() as uow:
        made = withdrawal_services.note_paid(uow, withdrawal_id=WithdrawalId(withdrawal_id))
        uow.commit()
        return made


@blueprint.route("/withdrawals/<string:withdrawal_id>/failure", methods=["POST"])
@blueprint.arguments(outgoing_schemas.FailPayoutSchema)
@blueprint.response(200, schemas.WithdrawalSchema)
@requires(Permission.PROPOSE_PAYOUTS)
@idempotent
def post_withdrawal_failure(command: dict[str, Any], withdrawal_id: str) -> Withdrawal:
    """State that the transfer failed, or came back, which two say: the wallet has it again."""
    with unit_of_work() as uow:
        made = withdrawal_services.note_failed(
            uow, current_principal(), withdrawal_id=WithdrawalId(withdrawal_id), **command
        )
        uow.commit()
        return made


@blueprint.route("/withdrawals/<string:withdrawal_id>/failure", methods=["DELETE"])
@blueprint.response(200, schemas.WithdrawalSchema)
@requires(Permission.PROPOSE_PAYOUTS)
def delete_withdrawal_failure(withdrawal_id: str) -> Withdrawal:
    """Take the first of two words back that it came back, one's own or another operator's."""
    with unit_of_work() as uow:
        made = withdrawal_services.withdraw_return(
            uow, current_principal(), withdrawal_id=WithdrawalId(withdrawal_id)
        )
        uow.commit()
        return made
