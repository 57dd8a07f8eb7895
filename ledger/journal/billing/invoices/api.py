"""Routes of invoices."""

from typing import Any

from flask import Response, request

from app.core.canonical import canonical_bytes
from app.core.ids import InvoiceId
from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import get, own_organisation, unit_of_work
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.paging import page_schema
from app.web.printed import PDF, printed
from ledger.journal.billing.invoices import evidence_services, queries, schemas, services
from ledger.journal.billing.invoices.models import Invoice
from ledger.journal.billing.ports import BillingPorts
from ledger.journal.printing.pdf import render_pdf, signed_for_print
from ledger.journal.trading import queries as trading_queries

blueprint = Blueprint(
    "invoices", __name__, url_prefix="/v1", description="What calls and charges came to, signed."
)


@blueprint.route("/invoices", methods=["POST"])
@blueprint.arguments(schemas.IssueInvoiceSchema)
@blueprint.response(201, schemas.InvoiceSchema)
@requires(Permission.READ_OWN)
@idempotent
def post_invoice(command: dict[str, Any]) -> Invoice:
    """Issue the invoice of a licence's period, from the log's leaves."""
    with unit_of_work() as uow:
        # Asked with the caller's own reach: only a party gets past this line.
        trading_queries.get_licence_parties(uow.session, command["licence_id"], own_organisation())
    with unit_of_work(Reach.EXCHANGE) as uow:
        invoice = services.issue_invoice(uow, get(BillingPorts), **command)
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
        evidence = evidence_services.invoice_evidence(
            uow.session, get(BillingPorts).lane_ledger, invoice
        )
    return Response(canonical_bytes(evidence), content_type="application/json")


@blueprint.route("/invoices/<string:invoice_id>/pdf", methods=["GET"])
@blueprint.response(200, content_type=PDF)
@requires(Permission.READ_OWN)
@limit("60 per minute")
def get_invoice_pdf(invoice_id: str) -> Response:
    """The signed invoice as a printed page in Chinese and English; the same bytes every time."""
    with unit_of_work() as uow:
        invoice = queries.get_invoice(uow.session, InvoiceId(invoice_id), own_organisation())
    return invoice_pdf(invoice)


def invoice_pdf(invoice: Invoice) -> Response:
    """The signed invoice as pages; the same bytes every time."""
    document = signed_for_print(
        invoice.document, key_name=invoice.key_name, signature=invoice.signature_text
    )
    return printed(render_pdf(document), invoice.invoice_id)


@blueprint.route("/invoices/<string:invoice_id>/rebuilt", methods=["GET"])
@blueprint.response(200, schemas.RebuiltSchema)
@requires(Permission.AUDIT)
@limit("6 per minute")
def get_rebuilt_invoice(invoice_id: str) -> dict[str, Any]:
    """The invoice made again from every leaf and booking; refused when a byte differs."""
    with unit_of_work() as uow:
        invoice = queries.get_invoice(uow.session, InvoiceId(invoice_id), own_organisation())
        document = evidence_services.rebuild_invoice(uow.session, get(BillingPorts), invoice)
        return {
            "invoice_id": invoice_id,
            "invoice_hash": invoice.invoice_hash,
            "document": document,
        }
