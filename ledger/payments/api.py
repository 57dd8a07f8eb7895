"""Routes of payments: operations, refunds, disputes, payout accounts, checkouts, notices."""

from http import HTTPStatus
from typing import Any

from flask import redirect, request
from werkzeug.wrappers import Response

from app.core.ids import OrganisationId
from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import public, requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, own_organisation, unit_of_work, whoever_asks
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.paging import page_schema
from app.web.staff_reads import unnoted
from ledger.payments import account_services, findings, inbox, queries, schemas, services
from ledger.payments.errors import (
    CheckoutClosed,
    CheckoutNotFound,
    GatewayNotConfigured,
    NoticeRefused,
    PayoutAccountNotOpen,
    PayoutAccountRefused,
    PayoutAccountRejected,
    ProviderAway,
    ProviderRefused,
)
from ledger.payments.models import (
    AccountState,
    PaymentDispute,
    PaymentEvent,
    PaymentFinding,
    PaymentMovement,
    PaymentOperation,
    PayoutAccount,
)
from ledger.payments.operation_runner import OperationRunner
from ledger.payments.operations import UNDER_WAY, Kind
from ledger.payments.ports import (
    AccountLink,
    NotNow,
    OutcomeUnknown,
    PaymentGateway,
    PaymentPorts,
    RequestRefused,
)

blueprint = Blueprint(
    "payments",
    __name__,
    url_prefix="/v1",
    description="Payment providers: asked once, believed late.",
)


def _gateway(name: str) -> PaymentGateway:
    found = get(PaymentPorts).gateways.get(name)
    if found is None:
        raise GatewayNotConfigured(name)
    return found


@blueprint.route("/payment-gateways", methods=["GET"])
@blueprint.response(200, schemas.PaymentGatewaysSchema)
@requires(Permission.READ_OWN)
@unnoted("which ways to pay there are is nobody's")
def get_gateways() -> dict[str, Any]:
    """Ways to pay that are configured here, the default first."""
    return {"items": get(PaymentPorts).offers}


@blueprint.route("/payment-operations", methods=["GET"])
@blueprint.arguments(schemas.PaymentOperationQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.PaymentOperationSchema))
@requires(Permission.READ_OWN)
def get_operations(query: dict[str, Any]) -> Page[PaymentOperation]:
    """What was asked of providers and what became of it, newest first."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return queries.list_operations(uow.session, own_organisation(), **query)


@blueprint.route("/payment-operations/<string:operation_id>", methods=["GET"])
@blueprint.response(200, schemas.PaymentOperationSchema)
@requires(Permission.READ_OWN)
def get_operation(operation_id: str) -> PaymentOperation:
    """One operation."""
    with unit_of_work() as uow:
        return queries.get_operation(uow.session, operation_id, own_organisation())


@blueprint.route("/payment-refunds", methods=["POST"])
@blueprint.arguments(schemas.PaymentRefundSchema)
@blueprint.response(201, schemas.PaymentOperationSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_refund(command: dict[str, Any]) -> PaymentOperation:
    """Ask that unspent money of a top-up goes back to its payer; a second person decides."""
    with unit_of_work() as uow:
        top_up_id = command.pop("top_up_id")
        operation = services.request_refund(
            uow, current_principal(), subject_id=top_up_id, **command
        )
        uow.commit()
        return operation


@blueprint.route("/payment-reversals", methods=["POST"])
@blueprint.arguments(schemas.PaymentReversalSchema)
@blueprint.response(201, schemas.PaymentOperationSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_reversal(command: dict[str, Any]) -> PaymentOperation:
    """Ask that money of a payout comes back from the supplier; a second person decides."""
    with unit_of_work() as uow:
        payout_id = command.pop("payout_id")
        operation = services.request_reversal(
            uow, current_principal(), subject_id=payout_id, **command
        )
        uow.commit()
        return operation


@blueprint.route("/payment-operations/<string:operation_id>/decision", methods=["POST"])
@blueprint.arguments(schemas.PaymentDecisionSchema)
@blueprint.response(200, schemas.PaymentOperationSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_operation_decision(command: dict[str, Any], operation_id: str) -> PaymentOperation:
    """Approve or decline a refund or reversal that somebody else asked for."""
    decide = services.approve if command["decision"] == "approve" else services.decline
    with unit_of_work() as uow:
        operation = decide(uow, current_principal(), operation_id=operation_id)
        if command["decision"] == "approve":
            _gateway(operation.gateway)  # or the money would leave the wallet and never be sent
        uow.commit()
        return operation


@blueprint.route("/payment-disputes", methods=["GET"])
@blueprint.arguments(schemas.PaymentDisputeQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.PaymentDisputeSchema))
@requires(Permission.READ_OWN)
def get_payment_disputes(query: dict[str, Any]) -> Page[PaymentDispute]:
    """Payments that payers' banks took back, newest first."""
    with unit_of_work() as uow:
        return queries.list_disputes(uow.session, own_organisation(), **query)


@blueprint.route("/checkouts/<string:subject_id>/<string:token>", methods=["GET"])
@blueprint.response(303)
@public(
    "whoever has the unguessable address may pay; it leads to the provider's page and nothing else"
)
@limit("60 per minute")
def get_checkout(subject_id: str, token: str) -> Response:
    """Lead the payer to the provider's page, opening it if nobody did yet."""
    if not get(PaymentPorts).checkout_tokens.is_of(subject_id, token):
        raise CheckoutNotFound
    operation = _payment(subject_id)
    if operation.checkout_url is None and operation.state in UNDER_WAY:
        get(OperationRunner).run_now(operation.operation_id)
        operation = _payment(subject_id)
    if operation.state not in UNDER_WAY or operation.cancel_requested_by is not None:
        raise CheckoutClosed(operation.state)
    if operation.checkout_url is None:
        raise ProviderAway(operation.gateway)
    return redirect(operation.checkout_url, HTTPStatus.SEE_OTHER)


def _payment(subject_id: str) -> PaymentOperation:
    # The token proved that this payment may be seen; nobody needs to be signed in to pay.
    with unit_of_work(Reach.EXCHANGE) as uow:
        operation = queries.peek_operation(uow.session, Kind.PAYMENT, subject_id)
    if operation is None:
        raise CheckoutNotFound
    return operation


@blueprint.route("/payment-events/<string:gateway>", methods=["POST"])
@blueprint.takes_bytes("application/json")
@blueprint.response(200, schemas.PaymentReceivedSchema)
@public("the provider signs the raw body; nothing else about the request is believed")
def post_event(gateway: str) -> dict[str, bool]:
    """Take in a provider's notice; it is processed later."""
    found = get(PaymentPorts).gateways.get(gateway)
    if found is None:
        raise NoticeRefused
    with unit_of_work(Reach.EXCHANGE) as uow:
        is_new = inbox.receive(uow, found, body=request.get_data(), headers=dict(request.headers))
        uow.commit()
    return {"is_new": is_new}


@blueprint.route("/payment-events", methods=["GET"])
@blueprint.arguments(schemas.PaymentNoticeQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.PaymentNoticeSchema))
@requires(Permission.READ_EXCHANGE)
def get_events(query: dict[str, Any]) -> Page[PaymentEvent]:
    """Providers' notices, newest first; the dead ones wait for somebody."""
    with unit_of_work() as uow:
        return queries.list_notices(uow.session, **query)


@blueprint.route("/payment-events/<string:notice_id>/replay", methods=["POST"])
@blueprint.response(200, schemas.PaymentNoticeSchema)
@requires(Permission.OPERATE)
@idempotent
def post_replay(notice_id: str) -> PaymentEvent:
    """Take a dead notice up again."""
    with unit_of_work() as uow:
        notice = inbox.replay(uow, notice_id=notice_id)
        uow.commit()
        return notice


@blueprint.route("/payment-findings", methods=["GET"])
@blueprint.arguments(schemas.PaymentFindingQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.PaymentFindingSchema))
@requires(Permission.READ_EXCHANGE)
def get_findings(query: dict[str, Any]) -> Page[PaymentFinding]:
    """What does not agree between providers and us, newest first."""
    with unit_of_work() as uow:
        return queries.list_findings(uow.session, **query)


@blueprint.route("/payment-findings/<string:finding_id>/resolution", methods=["POST"])
@blueprint.arguments(schemas.PaymentResolutionSchema)
@blueprint.response(200, schemas.PaymentFindingSchema)
@requires(Permission.OPERATE)
@idempotent
def post_finding_resolution(command: dict[str, Any], finding_id: str) -> PaymentFinding:
    """Say what was done about a finding."""
    with unit_of_work() as uow:
        finding = findings.resolve(
            uow, finding_id=finding_id, resolved_by=current_principal().id, **command
        )
        uow.commit()
        return finding


@blueprint.route("/payment-movements", methods=["GET"])
@blueprint.arguments(schemas.PaymentMovementQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.PaymentMovementSchema))
@requires(Permission.READ_EXCHANGE)
def get_movements(query: dict[str, Any]) -> Page[PaymentMovement]:
    """Lines of providers' account statements and what explains each."""
    with unit_of_work() as uow:
        return queries.list_movements(uow.session, **query)


@blueprint.route("/payout-accounts", methods=["POST"])
@blueprint.arguments(schemas.OpenPayoutAccountSchema)
@blueprint.response(201, schemas.PayoutAccountSchema)
@requires(Permission.MANAGE_ORGANISATION)
@idempotent
def post_payout_account(command: dict[str, Any]) -> PayoutAccount:
    """Ask for the organisation's account at a provider; it is opened in the background.

    Asking again answers the same account, or, where the provider refused that, a new one.
    """
    gateway = _gateway(command["gateway"])
    with unit_of_work() as uow:
        account = account_services.request_payout_account(uow, current_principal(), gateway)
        uow.commit()
        return account


@blueprint.route("/payout-accounts", methods=["GET"])
@blueprint.arguments(schemas.PayoutAccountQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.PayoutAccountSchema))
@requires(Permission.READ_OWN)
def get_payout_accounts(query: dict[str, Any]) -> Page[PayoutAccount]:
    """Accounts at providers, newest first; staff see which supplier can be paid there."""
    with unit_of_work() as uow:
        return queries.list_payout_accounts(uow.session, own_organisation(), **query)


@blueprint.route("/payout-accounts/<string:gateway>/onboarding", methods=["GET"])
@blueprint.response(200, schemas.PaymentOnboardingSchema)
@requires(Permission.MANAGE_ORGANISATION)
@limit("20 per minute")
def get_onboarding(gateway: str) -> AccountLink:
    """A fresh link to the provider's page on which the supplier says who they are."""
    provider = _gateway(gateway)
    with unit_of_work() as uow:
        organisation_id = OrganisationId(current_principal().organisation_id)
        account = queries.get_payout_account(uow.session, organisation_id, gateway)
    if account.state == AccountState.FAILED:
        raise PayoutAccountRefused(gateway, account.reason_code)
    if account.state == AccountState.REJECTED:
        raise PayoutAccountRejected(gateway, account.reason_code)
    if account.provider_reference is None:
        raise PayoutAccountNotOpen(gateway, account.state)
    try:
        return provider.account_link(account.provider_reference)
    except (OutcomeUnknown, NotNow) as failure:
        raise ProviderAway(gateway) from failure
    except RequestRefused as refusal:
        raise ProviderRefused(gateway, refusal.reason_code) from refusal
