"""Routes of credit lines."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, own_organisation, unit_of_work, whoever_asks
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from ledger.journal.billing.credit_lines import queries, schemas, services
from ledger.journal.billing.credit_lines.models import CreditLine

blueprint = Blueprint(
    "credit-lines", __name__, url_prefix="/v1", description="How much one may owe."
)


@blueprint.route("/credit-lines", methods=["POST"])
@blueprint.arguments(schemas.ProposeCreditLineSchema)
@blueprint.response(201, schemas.CreditLineSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_credit_line(command: dict[str, Any]) -> CreditLine:
    """Propose that an organisation may owe; a second operator approves."""
    with unit_of_work() as uow:
        line = services.propose_credit_line(uow, current_principal(), **command)
        uow.commit()
        return line


@blueprint.route("/credit-lines/<string:credit_line_id>/approval", methods=["POST"])
@blueprint.response(200, schemas.CreditLineSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_credit_line_approval(credit_line_id: str) -> CreditLine:
    """The second person's word; the wallet lends from now on."""
    with unit_of_work() as uow:
        line = services.approve_credit_line(uow, current_principal(), credit_line_id=credit_line_id)
        uow.commit()
        return line


@blueprint.route("/credit-lines/<string:credit_line_id>/refusal", methods=["POST"])
@blueprint.response(200, schemas.CreditLineSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_credit_line_refusal(credit_line_id: str) -> CreditLine:
    """Give a proposal up."""
    with unit_of_work() as uow:
        line = services.decline_credit_line(uow, current_principal(), credit_line_id=credit_line_id)
        uow.commit()
        return line


@blueprint.route("/credit-lines", methods=["GET"])
@blueprint.arguments(schemas.CreditLineQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.CreditLineSchema))
@requires(Permission.READ_OWN)
def get_credit_lines(query: dict[str, Any]) -> Page[CreditLine]:
    """Credit lines, newest first."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return queries.list_credit_lines(uow.session, own_organisation(), **query)
