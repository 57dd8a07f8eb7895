"""Routes of payouts: a settlement's money goes to its supplier's bank, by two people."""

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
from ledger.journal.ids import PayoutId
from ledger.journal.payouts import desk as payout_desk
from ledger.journal.payouts import queries as payout_queries
from ledger.journal.payouts import schemas
from ledger.journal.payouts import services as payout_services
from ledger.journal.payouts.errors import PayoutGatewayUnknown
from ledger.journal.payouts.models import Payout
from ledger.journal.top_ups.creditor_reference import creditor_reference
from ledger.journal.top_ups.ports import PaymentGateways

blueprint = Blueprint(
    "payouts", __name__, url_prefix="/v1", description="Paying settlements out, by two people."
)


@blueprint.route("/payouts", methods=["POST"])
@blueprint.arguments(schemas.RequestPayoutSchema)
@blueprint.response(201, schemas.PayoutSchema)
@requires(Permission.PROPOSE_PAYOUTS)
@idempotent
def post_payout(command: dict[str, Any]) -> Payout:
    """Propose to pay a settlement out; another person approves it."""
    _check_gateway(command["gateway"])
    with unit_of_work() as uow:
        payout = payout_services.request_payout(uow, current_principal(), **command)
        uow.commit()
        return payout


def _check_gateway(name: str) -> None:
    """Nobody would ever send it, or tell what became of it."""
    if get(PaymentGateways).find(name) is None:
        raise PayoutGatewayUnknown(name)


@blueprint.route("/payouts", methods=["GET"])
@blueprint.arguments(schemas.PayoutQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.PayoutSchema))
@requires(Permission.READ_OWN)
def get_payouts(query: dict[str, Any]) -> Page[Payout]:
    """Payouts of the organisation, newest first."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return payout_queries.list_payouts(uow.session, own_organisation(), **query)


@blueprint.route("/payouts/<string:payout_id>", methods=["GET"])
@blueprint.response(200, schemas.PayoutSchema)
@requires(Permission.READ_OWN)
def get_payout(payout_id: str) -> Payout:
    """One payout."""
    with unit_of_work() as uow:
        return payout_queries.get_payout(uow.session, PayoutId(payout_id), own_organisation())


@blueprint.route("/payouts/<string:payout_id>/approval", methods=["POST"])
@blueprint.response(200, schemas.PayoutSchema)
@requires(Permission.APPROVE_PAYOUTS)
@idempotent
def post_payout_approval(payout_id: str) -> Payout:
    """Let a proposed payout go; a second person, not the one who proposed it."""
    with unit_of_work() as uow:
        payout = payout_services.approve_payout(
            uow, current_principal(), payout_id=PayoutId(payout_id)
        )
        _check_gateway(payout.gateway)
        uow.commit()
        return payout


@blueprint.route("/payouts/<string:payout_id>/cancellation", methods=["POST"])
@blueprint.response(200, schemas.PayoutSchema)
@requires(Permission.PROPOSE_PAYOUTS)
@idempotent
def post_payout_cancellation(payout_id: str) -> Payout:
    """Give up a proposal that is not approved."""
    with unit_of_work() as uow:
        payout = payout_services.cancel_payout(
            uow, current_principal(), payout_id=PayoutId(payout_id)
        )
        uow.commit()
        return payout


@blueprint.route("/payouts/<string:payout_id>/instructions", methods=["GET"])
@blueprint.response(200, schemas.PayoutInstructionsSchema)
@requires(Permission.PROPOSE_PAYOUTS)
@unnoted("records payout_instructions_read, with the payout")
@limit("60 per hour")
def get_payout_instructions(payout_id: str) -> dict[str, Any]:
    """The bank details in clear, for whoever enters an approved transfer at the bank."""
    with unit_of_work() as uow:
        payout = payout_queries.get_payout(uow.session, PayoutId(payout_id), None)
        details = payout_desk.read_instructions(uow, current_principal(), get(Cipher), payout)
        uow.commit()
    return {
        "payout_id": payout.payout_id,
        "amount": payout.amount,
        "currency": payout.currency,
        **vars(details),
        "reference": creditor_reference(payout.payout_id),
    }


@blueprint.route("/payouts/<string:payout_id>/dispatch", methods=["POST"])
@blueprint.arguments(outgoing_schemas.SendPayoutSchema)
@blueprint.response(200, schemas.PayoutSchema)
@requires(Permission.PROPOSE_PAYOUTS)
@idempotent
def post_payout_dispatch(command: dict[str, Any], payout_id: str) -> Payout:
    """State that the bank took the transfer, with the bank's reference."""
    with unit_of_work() as uow:
        payout = payout_desk.confirm_sent(
            uow, current_principal(), payout_id=PayoutId(payout_id), **command
        )
        uow.commit()
        return payout


@blueprint.route("/payouts/<string:payout_id>/completion", methods=["POST"])
@blueprint.response(200, schemas.PayoutSchema)
@requires(Permission.PROPOSE_PAYOUTS)
@idempotent
def post_payout_completion(payout_id: str) -> Payout:
    """State that the bank's account shows the transfer as carried out."""
    with unit_of_work() as uow:
        payout = payout_desk.confirm_paid(uow, payout_id=PayoutId(payout_id))
        uow.commit()
        return payout


@blueprint.route("/payouts/<string:payout_id>/failure", methods=["POST"])
@blueprint.arguments(outgoing_schemas.FailPayoutSchema)
@blueprint.response(200, schemas.PayoutSchema)
@requires(Permission.PROPOSE_PAYOUTS)
@idempotent
def post_payout_failure(command: dict[str, Any], payout_id: str) -> Payout:
    """State that the transfer failed, or came back, which two say: the payable has it again."""
    with unit_of_work() as uow:
        payout = payout_desk.confirm_failed(
            uow, current_principal(), payout_id=PayoutId(payout_id), **command
        )
        uow.commit()
        return payout


@blueprint.route("/payouts/<string:payout_id>/failure", methods=["DELETE"])
@blueprint.response(200, schemas.PayoutSchema)
@requires(Permission.PROPOSE_PAYOUTS)
def delete_payout_failure(payout_id: str) -> Payout:
    """Take the first of two words back that it came back, one's own or another operator's."""
    with unit_of_work() as uow:
        payout = payout_desk.withdraw_return(
            uow, current_principal(), payout_id=PayoutId(payout_id)
        )
        uow.commit()
        return payout
