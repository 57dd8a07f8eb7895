"""Routes of settlement: runs, settlements with their statements, bank details and payouts."""

import base64
from typing import Any

from flask import Response

from app.core.canonical import canonical_bytes, digest_hex
from app.core.cipher import Cipher
from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, own_organisation, unit_of_work
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.paging import PageQuerySchema, page_schema
from app.web.schemas import members_of
from app.web.staff_reads import unnoted
from ledger.journal.billing.documents_pdf import render_pdf
from ledger.journal.creditor_reference import creditor_reference
from ledger.journal.ports import JournalPorts
from ledger.journal.settlement import bank_account_services, payout_desk, payout_services, schemas
from ledger.journal.settlement import queries as settlement_queries
from ledger.journal.settlement import services as settlement_services
from ledger.journal.settlement.evidence_ports import SettlementPorts
from ledger.journal.settlement.ids import BankAccountId, PayoutId, RunId, SettlementId
from ledger.journal.settlement.models import BankAccount, Payout, Settlement, SettlementRun
from ledger.journal.settlement.payout_errors import PayoutGatewayUnknown
from ledger.journal.settlement.payouts import BankDetails
from ledger.journal.settlement.services import RunPeriod
from ledger.journal.settlement.settlements import signed_bytes

blueprint = Blueprint("settlement", __name__, url_prefix="/v1", description="Settling suppliers.")


@blueprint.route("/settlement-runs", methods=["POST"])
@blueprint.arguments(schemas.PlanSettlementRunSchema)
@blueprint.response(201, schemas.SettlementRunSchema)
@requires(Permission.PROPOSE_PAYOUTS)
@idempotent
def post_settlement_run(command: dict[str, Any]) -> SettlementRun:
    """Plan the settlement of every supplier of a currency; the worker carries it out."""
    with unit_of_work() as uow:
        planned_by = current_principal().id
        run = settlement_services.plan_run(uow, RunPeriod(**command), planned_by=planned_by)
        uow.commit()
        return run


@blueprint.route("/settlement-runs", methods=["GET"])
@blueprint.arguments(schemas.SettlementRunQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.SettlementRunSchema))
@requires(Permission.READ_EXCHANGE)
def get_settlement_runs(query: dict[str, Any]) -> Page[SettlementRun]:
    """Settlement runs, newest first."""
    with unit_of_work() as uow:
        return settlement_queries.list_runs(uow.session, **query)


@blueprint.route("/settlement-runs/<string:run_id>", methods=["GET"])
@blueprint.response(200, schemas.SettlementRunSchema)
@requires(Permission.READ_EXCHANGE)
def get_settlement_run(run_id: str) -> SettlementRun:
    """One settlement run and how far it is."""
    with unit_of_work() as uow:
        return settlement_queries.get_run(uow.session, RunId(run_id))


@blueprint.route("/settlements", methods=["GET"])
@blueprint.arguments(schemas.SettlementQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.SettlementSummarySchema))
@requires(Permission.READ_OWN)
def get_settlements(query: dict[str, Any]) -> Page[Settlement]:
    """Settlements of the organisation as supplier, newest first."""
    with unit_of_work() as uow:
        return settlement_queries.list_settlements(uow.session, own_organisation(), **query)


@blueprint.route("/settlements/<string:settlement_id>", methods=["GET"])
@blueprint.response(200, schemas.SettlementSchema)
@requires(Permission.READ_OWN)
def get_settlement(settlement_id: str) -> dict[str, Any]:
    """One settlement with its statement, signed by the statement key."""
    settlement = _find_settlement(settlement_id)
    signer = get(SettlementPorts).signer
    signature = signer.sign(signed_bytes(settlement.statement))
    return {
        **members_of(schemas.SettlementSummarySchema(), settlement),
        "statement": settlement.statement,
        "key": signer.name,
        "signature": base64.b64encode(signature).decode(),
    }


@blueprint.route("/settlements/<string:settlement_id>/statement", methods=["GET"])
@blueprint.response(200, content_type="application/json")
@requires(Permission.READ_OWN)
def get_settlement_statement(settlement_id: str) -> Response:
    """The statement's canonical bytes, over which ``statement_hash`` is the SHA-256."""
    settlement = _find_settlement(settlement_id)
    return Response(canonical_bytes(settlement.statement), content_type="application/json")


@blueprint.route("/settlements/<string:settlement_id>/pdf", methods=["GET"])
@blueprint.response(200, content_type="application/pdf")
@requires(Permission.READ_OWN)
@limit("30 per minute")
def get_settlement_pdf(settlement_id: str) -> Response:
    """The statement for people, in Chinese and English; made from the same document."""
    settlement = _find_settlement(settlement_id)
    return Response(render_pdf(settlement.statement), content_type="application/pdf")


@blueprint.route("/settlements/<string:settlement_id>/check", methods=["GET"])
@blueprint.response(200, schemas.StatementCheckSchema)
@requires(Permission.READ_OWN)
@limit("30 per minute")
def get_settlement_check(settlement_id: str) -> dict[str, Any]:
    """Make the statement again from the books, and say whether it is the one that was fixed."""
    settlement = _find_settlement(settlement_id)
    # The commission and tax beside the supplier's own postings are the exchange's.
    with unit_of_work(Reach.EXCHANGE) as uow:
        rebuilt = digest_hex(settlement_services.rebuild_statement(uow.session, settlement))
    return {
        "settlement_id": settlement.settlement_id,
        "statement_hash": settlement.statement_hash,
        "rebuilt_hash": rebuilt,
        "is_same": rebuilt == settlement.statement_hash,
    }


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
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.BankAccountSchema))
@requires(Permission.READ_OWN)
def get_bank_accounts(page: dict[str, Any]) -> Page[BankAccount]:
    """Registered bank details, masked, newest first."""
    with unit_of_work() as uow:
        return settlement_queries.list_bank_accounts(uow.session, own_organisation(), **page)


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
    if get(JournalPorts).find_gateway(name) is None:
        raise PayoutGatewayUnknown(name)


@blueprint.route("/payouts", methods=["GET"])
@blueprint.arguments(schemas.PayoutQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.PayoutSchema))
@requires(Permission.READ_OWN)
def get_payouts(query: dict[str, Any]) -> Page[Payout]:
    """Payouts of the organisation, newest first."""
    with unit_of_work() as uow:
        return settlement_queries.list_payouts(uow.session, own_organisation(), **query)


@blueprint.route("/payouts/<string:payout_id>", methods=["GET"])
@blueprint.response(200, schemas.PayoutSchema)
@requires(Permission.READ_OWN)
def get_payout(payout_id: str) -> Payout:
    """One payout."""
    with unit_of_work() as uow:
        return settlement_queries.get_payout(uow.session, PayoutId(payout_id), own_organisation())


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
        payout = settlement_queries.get_payout(uow.session, PayoutId(payout_id), None)
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
@blueprint.arguments(schemas.SendPayoutSchema)
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
@blueprint.arguments(schemas.FailPayoutSchema)
@blueprint.response(200, schemas.PayoutSchema)
@requires(Permission.PROPOSE_PAYOUTS)
@idempotent
def post_payout_failure(command: dict[str, Any], payout_id: str) -> Payout:
    """State that the transfer failed or came back: the payable has the money again."""
    with unit_of_work() as uow:
        payout = payout_desk.confirm_failed(uow, payout_id=PayoutId(payout_id), **command)
        uow.commit()
        return payout


def _find_settlement(settlement_id: str) -> Settlement:
    with unit_of_work() as uow:
        return settlement_queries.get_settlement(
            uow.session, SettlementId(settlement_id), own_organisation()
        )
