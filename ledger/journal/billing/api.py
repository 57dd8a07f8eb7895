"""Routes of billing: runs, credit lines and bills, freezes, yearly packages, alerts."""

from typing import Any

from flask import Response

from app.core.ids import OrganisationId
from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, own_organisation, unit_of_work, whoever_asks
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.paging import PageQuerySchema, page_schema
from app.web.printed import PDF, printed
from app.web.schemas import members_of
from ledger.journal.billing import (
    alert_services,
    credit_bill_queries,
    credit_line_services,
    deferral_services,
    exposure_queries,
    freeze_services,
)
from ledger.journal.billing import run_services as billing_run_services
from ledger.journal.billing import schemas as billing_schemas
from ledger.journal.billing.documents_pdf import render_pdf, signed_for_print
from ledger.journal.billing.models import BillingRun, CreditBill, CreditLine, Deferral, SpendAlert
from ledger.journal.books.models import AccountFreeze

blueprint = Blueprint("billing", __name__, url_prefix="/v1", description="Bills and credit.")


@blueprint.route("/billing-runs", methods=["POST"])
@blueprint.arguments(billing_schemas.StartRunSchema)
@blueprint.response(202, billing_schemas.BillingRunSchema)
@requires(Permission.OPERATE)
@idempotent
def post_billing_run(command: dict[str, Any]) -> BillingRun:
    """Bill a month now; the worker does it in portions. Again: what came late since."""
    with unit_of_work() as uow:
        run = billing_run_services.start_run(uow, current_principal(), **command)
        uow.commit()
        return run


@blueprint.route("/billing-runs", methods=["GET"])
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, page_schema(billing_schemas.BillingRunSchema))
@requires(Permission.READ_EXCHANGE)
def get_billing_runs(page: dict[str, Any]) -> Page[BillingRun]:
    """Runs, newest month first."""
    with unit_of_work() as uow:
        return billing_run_services.list_runs(uow.session, **page)


@blueprint.route("/credit-lines", methods=["POST"])
@blueprint.arguments(billing_schemas.ProposeCreditLineSchema)
@blueprint.response(201, billing_schemas.CreditLineSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_credit_line(command: dict[str, Any]) -> CreditLine:
    """Propose that an organisation may owe; a second operator approves."""
    with unit_of_work() as uow:
        line = credit_line_services.propose_credit_line(uow, current_principal(), **command)
        uow.commit()
        return line


@blueprint.route("/credit-lines/<string:credit_line_id>/approval", methods=["POST"])
@blueprint.response(200, billing_schemas.CreditLineSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_credit_line_approval(credit_line_id: str) -> CreditLine:
    """The second person's word; the wallet lends from now on."""
    with unit_of_work() as uow:
        line = credit_line_services.approve_credit_line(
            uow, current_principal(), credit_line_id=credit_line_id
        )
        uow.commit()
        return line


@blueprint.route("/credit-lines/<string:credit_line_id>/refusal", methods=["POST"])
@blueprint.response(200, billing_schemas.CreditLineSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_credit_line_refusal(credit_line_id: str) -> CreditLine:
    """Give a proposal up."""
    with unit_of_work() as uow:
        line = credit_line_services.decline_credit_line(
            uow, current_principal(), credit_line_id=credit_line_id
        )
        uow.commit()
        return line


@blueprint.route("/credit-lines", methods=["GET"])
@blueprint.arguments(billing_schemas.CreditLineQuerySchema, location="query")
@blueprint.response(200, page_schema(billing_schemas.CreditLineSchema))
@requires(Permission.READ_OWN)
def get_credit_lines(query: dict[str, Any]) -> Page[CreditLine]:
    """Credit lines, newest first."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return credit_line_services.list_credit_lines(uow.session, own_organisation(), **query)


@blueprint.route("/exposures", methods=["GET"])
@blueprint.arguments(billing_schemas.ExposureQuerySchema, location="query")
@blueprint.response(200, page_schema(billing_schemas.ExposureSchema))
@requires(Permission.READ_OWN)
def get_exposures(page: dict[str, Any]) -> Page[exposure_queries.Exposure]:
    """What is used of a credit line, billed and overdue, at this moment."""
    with unit_of_work() as uow:
        return exposure_queries.list_exposures(uow.session, own_organisation(), at=uow.now, **page)


@blueprint.route("/credit-bills", methods=["GET"])
@blueprint.arguments(billing_schemas.CreditBillQuerySchema, location="query")
@blueprint.response(200, page_schema(billing_schemas.CreditBillSummarySchema))
@requires(Permission.READ_OWN)
def get_credit_bills(query: dict[str, Any]) -> Page[CreditBill]:
    """Monthly bills of buying on credit, newest first."""
    with unit_of_work() as uow:
        return credit_bill_queries.list_bills(uow.session, own_organisation(), at=uow.now, **query)


@blueprint.route("/credit-bills/<string:bill_id>", methods=["GET"])
@blueprint.response(200, billing_schemas.CreditBillSchema)
@requires(Permission.READ_OWN)
def get_credit_bill(bill_id: str) -> dict[str, Any]:
    """One bill with its signed document, what paid it, and the dunning steps it came to."""
    with unit_of_work() as uow:
        bill = credit_bill_queries.get_bill(uow.session, bill_id, own_organisation())
        steps = credit_bill_queries.steps_of(uow.session, bill_id)
        payments = credit_bill_queries.payments_of(uow.session, bill_id)
        shown = members_of(billing_schemas.CreditBillSchema(exclude=["payments", "steps"]), bill)
        return {**shown, "payments": payments, "steps": steps}


@blueprint.route("/credit-bills/<string:bill_id>/pdf", methods=["GET"])
@blueprint.response(200, content_type=PDF)
@requires(Permission.READ_OWN)
@limit("60 per minute")
def get_credit_bill_pdf(bill_id: str) -> Response:
    """The signed bill as pages in Chinese and English; the same bytes every time."""
    with unit_of_work() as uow:
        bill = credit_bill_queries.get_bill(uow.session, bill_id, own_organisation())
    document = signed_for_print(
        bill.document, key_name=bill.key_name, signature=bill.signature_text
    )
    return printed(render_pdf(document), bill.bill_id)


@blueprint.route("/account-freezes", methods=["GET"])
@blueprint.arguments(billing_schemas.AccountFreezeQuerySchema, location="query")
@blueprint.response(200, page_schema(billing_schemas.AccountFreezeSchema))
@requires(Permission.READ_OWN)
def get_account_freezes(query: dict[str, Any]) -> Page[AccountFreeze]:
    """Accounts that the audit froze, and who lifted it."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return freeze_services.list_freezes(uow.session, own_organisation(), **query)


@blueprint.route("/account-freezes/<string:freeze_id>/lifting", methods=["POST"])
@blueprint.arguments(billing_schemas.LiftFreezeSchema)
@blueprint.response(200, billing_schemas.AccountFreezeSchema)
@requires(Permission.OPERATE)
@idempotent
def post_freeze_lifting(command: dict[str, Any], freeze_id: str) -> AccountFreeze:
    """Say why an account may give again; a second operator agrees."""
    with unit_of_work() as uow:
        freeze = freeze_services.ask_to_lift(
            uow, current_principal(), freeze_id=freeze_id, **command
        )
        uow.commit()
        return freeze


@blueprint.route("/account-freezes/<string:freeze_id>/lifting/approval", methods=["POST"])
@blueprint.response(200, billing_schemas.AccountFreezeSchema)
@requires(Permission.OPERATE)
@idempotent
def post_freeze_lifting_approval(freeze_id: str) -> AccountFreeze:
    """The second operator's word: the account works again."""
    with unit_of_work() as uow:
        freeze = freeze_services.lift(uow, current_principal(), freeze_id=freeze_id)
        uow.commit()
        return freeze


@blueprint.route("/deferrals", methods=["GET"])
@blueprint.arguments(billing_schemas.DeferralQuerySchema, location="query")
@blueprint.response(200, page_schema(billing_schemas.DeferralSchema))
@requires(Permission.READ_ACCOUNTS)
def get_deferrals(query: dict[str, Any]) -> Page[Deferral]:
    """Yearly packages: what is paid, earned so far, and given back."""
    with unit_of_work() as uow:
        return deferral_services.list_deferrals(uow.session, own_organisation(), **query)


@blueprint.route("/spend-alerts", methods=["PUT"])
@blueprint.arguments(billing_schemas.SetAlertSchema)
@blueprint.response(200, billing_schemas.SpendAlertSchema)
@requires(Permission.BUY)
def put_spend_alert(command: dict[str, Any]) -> SpendAlert:
    """Say when to be told that a wallet runs low or that spending jumps."""
    with unit_of_work() as uow:
        organisation_id = OrganisationId(current_principal().organisation_id)
        alert = alert_services.set_alert(uow, organisation_id=organisation_id, **command)
        uow.commit()
        return alert


@blueprint.route("/spend-alerts", methods=["GET"])
@blueprint.response(200, billing_schemas.SpendAlertsSchema)
@requires(Permission.READ_ACCOUNTS)
def get_spend_alerts() -> dict[str, Any]:
    """The organisation's alerts, one a currency."""
    with unit_of_work() as uow:
        organisation_id = OrganisationId(current_principal().organisation_id)
        return {"items": alert_services.list_alerts(uow.session, organisation_id)}
