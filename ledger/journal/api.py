"""Routes of money: postings, top-ups, invoices and statements."""

from typing import Any

from flask import Response, request

from app.core.canonical import canonical_bytes
from app.core.ids import InvoiceId, OrganisationId, TopUpId
from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, own_organisation, unit_of_work
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.paging import page_schema
from app.web.printed import PDF
from ledger.journal import (
    audit_queries,
    queries,
    schemas,
    statement_queries,
    top_up_services,
)
from ledger.journal.billing import invoice_evidence_services, invoice_services
from ledger.journal.billing.api import invoice_pdf
from ledger.journal.errors import PeriodUnfit
from ledger.journal.models import Invoice, PostedLine, TopUp
from ledger.journal.ports import JournalPorts, PaymentGateway
from ledger.journal.top_up_errors import TopUpGatewayUnknown

blueprint = Blueprint("journal", __name__, url_prefix="/v1", description="Money: exact, balanced.")


@blueprint.route("/postings", methods=["GET"])
@blueprint.arguments(schemas.PostingQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.PostingSchema))
@requires(Permission.READ_ACCOUNTS)
def get_postings(query: dict[str, Any]) -> Page[PostedLine]:
    """Postings on the organisation's accounts, newest first."""
    page = {name: query.pop(name) for name in ("cursor", "limit")}
    wanted = queries.PostingFilter(**query)
    with unit_of_work() as uow:
        return queries.list_postings(uow.session, own_organisation(), wanted, **page)


@blueprint.route("/top-ups", methods=["POST"])
@blueprint.arguments(schemas.RequestTopUpSchema)
@blueprint.response(201, schemas.TopUpSchema)
@requires(Permission.BUY)
@idempotent
def post_top_up(command: dict[str, Any]) -> TopUp:
    """Announce a payment and receive where to pay: an account and a reference, or a page."""
    with unit_of_work() as uow:
        gateway = _gateway(command.pop("gateway"))
        top_up = top_up_services.request_top_up(uow, current_principal(), gateway, **command)
        uow.commit()
        return top_up


def _gateway(name: str | None) -> PaymentGateway:
    found = get(JournalPorts).find_gateway(name)
    if found is None:
        raise TopUpGatewayUnknown(str(name))
    return found


@blueprint.route("/top-ups/<string:top_up_id>", methods=["GET"])
@blueprint.response(200, schemas.TopUpSchema)
@requires(Permission.READ_OWN)
def get_top_up(top_up_id: str) -> TopUp:
    """One top-up and what became of it."""
    with unit_of_work() as uow:
        return queries.get_top_up(uow.session, TopUpId(top_up_id), own_organisation())


@blueprint.route("/top-ups", methods=["GET"])
@blueprint.arguments(schemas.TopUpQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.TopUpSchema))
@requires(Permission.READ_OWN)
def get_top_ups(query: dict[str, Any]) -> Page[TopUp]:
    """Top-ups, newest first: those in a state, of an organisation, or of a bank's reference."""
    wanted = queries.TopUpFilter(own_organisation(), **query)
    with unit_of_work() as uow:
        return queries.list_top_ups(uow.session, wanted)


@blueprint.route("/top-ups/<string:top_up_id>/confirmation", methods=["POST"])
@blueprint.arguments(schemas.ConfirmTopUpSchema)
@blueprint.response(200, schemas.TopUpSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_top_up_confirmation(command: dict[str, Any], top_up_id: str) -> TopUp:
    """State that the transfer arrived; two different people are needed."""
    with unit_of_work() as uow:
        top_up = top_up_services.confirm_top_up(
            uow, current_principal(), top_up_id=TopUpId(top_up_id), **command
        )
        uow.commit()
        return top_up


@blueprint.route("/top-ups/<string:top_up_id>/cancellation", methods=["POST"])
@blueprint.response(200, schemas.TopUpSchema)
@requires(Permission.READ_OWN)
@idempotent
def post_top_up_cancellation(top_up_id: str) -> TopUp:
    """Give up a top-up whose money has not arrived; operators also what one of them confirmed."""
    with unit_of_work() as uow:
        top_up = top_up_services.cancel_top_up(
            uow, current_principal(), top_up_id=TopUpId(top_up_id)
        )
        uow.commit()
        return top_up


@blueprint.route("/invoices", methods=["POST"])
@blueprint.arguments(schemas.IssueInvoiceSchema)
@blueprint.response(201, schemas.InvoiceSchema)
@requires(Permission.READ_OWN)
@idempotent
def post_invoice(command: dict[str, Any]) -> Invoice:
    """Issue the invoice of a licence's period, from the log's leaves."""
    with unit_of_work() as uow:
        # Asked with the caller's own reach: only a party gets past this line.
        queries.get_licence_parties(uow.session, command["licence_id"], own_organisation())
    with unit_of_work(Reach.EXCHANGE) as uow:
        invoice = invoice_services.issue_invoice(uow, get(JournalPorts), **command)
        uow.commit()
        return invoice


@blueprint.route("/invoices", methods=["GET"])
@blueprint.arguments(schemas.InvoiceQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.InvoiceSummarySchema))
@requires(Permission.READ_OWN)
def get_invoices(query: dict[str, Any]) -> Page[Invoice]:
    """Invoices of the organisation as buyer or supplier, newest first."""
    with unit_of_work() as uow:
        return queries.list_invoices(uow.session, own_organisation(), **query)


@blueprint.route("/invoices/<string:invoice_id>", methods=["GET"])
@blueprint.response(200, schemas.InvoiceSchema)
@blueprint.or_bytes(200, PDF)
@requires(Permission.READ_OWN)
def get_invoice(invoice_id: str) -> Invoice | Response:
    """One invoice with its signed document; as pages for ``Accept: application/pdf``."""
    with unit_of_work() as uow:
        invoice = queries.get_invoice(uow.session, InvoiceId(invoice_id), own_organisation())
    wanted = request.accept_mimetypes.best_match(["application/json", PDF])
    return invoice_pdf(invoice) if wanted == PDF else invoice


@blueprint.route("/invoices/<string:invoice_id>/evidence", methods=["GET"])
@blueprint.response(200, schemas.InvoiceEvidenceSchema)
@requires(Permission.READ_OWN)
def get_invoice_evidence(invoice_id: str) -> Response:
    """Two leaves a lane, their paths and a checkpoint: the invoice checked without trust.

    The answer is canonical JSON, byte for byte what a verifier reads.
    """
    with unit_of_work() as uow:
        invoice = queries.get_invoice(uow.session, InvoiceId(invoice_id), own_organisation())
    with unit_of_work(Reach.EXCHANGE) as uow:
        evidence = invoice_evidence_services.invoice_evidence(
            uow.session, get(JournalPorts).lane_ledger, invoice
        )
    return Response(canonical_bytes(evidence), content_type="application/json")


@blueprint.route("/imbalances", methods=["GET"])
@blueprint.response(200, schemas.ImbalancesSchema)
@requires(Permission.AUDIT)
@limit("6 per minute")
def get_imbalances() -> dict[str, Any]:
    """Every sum of the books that does not hold, recomputed from the rows; empty is good."""
    rules = get(JournalPorts).further_rules
    with unit_of_work() as uow:
        return {"items": audit_queries.find_imbalances(uow.session, rules)}


@blueprint.route("/statements", methods=["GET"])
@blueprint.arguments(schemas.StatementQuerySchema, location="query")
@blueprint.response(200, schemas.StatementSchema)
@requires(Permission.OFFER_PRODUCTS)
def get_statement(query: dict[str, Any]) -> statement_queries.SupplierStatement:
    """What the supplier earned in a period, exactly, per licence."""
    with unit_of_work() as uow:
        if query["from_at"] >= query["until_at"]:
            raise PeriodUnfit(query["from_at"], query["until_at"], uow.now)
        supplier_id = OrganisationId(current_principal().organisation_id)
        return statement_queries.supplier_statement(uow.session, supplier_id, **query)
