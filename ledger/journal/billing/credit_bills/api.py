"""Routes of credit lines' bills, and of what is owed at a moment."""

from typing import Any

from flask import Response

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import own_organisation, unit_of_work
from app.web.limits import limit
from app.web.paging import page_schema
from app.web.printed import PDF, printed
from app.web.schemas import members_of
from ledger.journal.billing.credit_bills import exposure_queries, queries, schemas
from ledger.journal.billing.credit_bills.models import CreditBill
from ledger.journal.printing.pdf import render_pdf, signed_for_print

blueprint = Blueprint(
    "credit-bills", __name__, url_prefix="/v1", description="What a month on credit came to."
)


@blueprint.route("/exposures", methods=["GET"])
@blueprint.arguments(schemas.ExposureQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.ExposureSchema))
@requires(Permission.READ_OWN)
def get_exposures(page: dict[str, Any]) -> Page[exposure_queries.Exposure]:
    """What is used of a credit line, billed and overdue, at this moment."""
    with unit_of_work() as uow:
        return exposure_queries.list_exposures(uow.session, own_organisation(), at=uow.now, **page)


@blueprint.route("/credit-bills", methods=["GET"])
@blueprint.arguments(schemas.CreditBillQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.CreditBillSummarySchema))
@requires(Permission.READ_OWN)
def get_credit_bills(query: dict[str, Any]) -> Page[CreditBill]:
    """Monthly bills of buying on credit, newest first."""
    with unit_of_work() as uow:
        return queries.list_bills(uow.session, own_organisation(), at=uow.now, **query)


@blueprint.route("/credit-bills/<string:bill_id>", methods=["GET"])
@blueprint.response(200, schemas.CreditBillSchema)
@requires(Permission.READ_OWN)
def get_credit_bill(bill_id: str) -> dict[str, Any]:
    """One bill with its signed document, what paid it, and the dunning steps it came to."""
    with unit_of_work() as uow:
        bill = queries.get_bill(uow.session, bill_id, own_organisation())
        steps = queries.steps_of(uow.session, bill_id)
        payments = queries.payments_of(uow.session, bill_id)
        shown = members_of(schemas.CreditBillSchema(exclude=["payments", "steps"]), bill)
        return {**shown, "payments": payments, "steps": steps}


@blueprint.route("/credit-bills/<string:bill_id>/pdf", methods=["GET"])
@blueprint.response(200, content_type=PDF)
@requires(Permission.READ_OWN)
@limit("60 per minute")
def get_credit_bill_pdf(bill_id: str) -> Response:
    """The signed bill as pages in Chinese and English; the same bytes every time."""
    with unit_of_work() as uow:
        bill = queries.get_bill(uow.session, bill_id, own_organisation())
    document = signed_for_print(
        bill.document, key_name=bill.key_name, signature=bill.signature_text
    )
    return printed(render_pdf(document), bill.bill_id)
