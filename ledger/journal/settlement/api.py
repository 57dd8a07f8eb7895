"""Routes of settlement: runs, and settlements with their statements."""

from typing import Any

from flask import Response

from app.core.canonical import base64_text, canonical_bytes, digest_hex
from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, own_organisation, unit_of_work
from app.web.idempotency import idempotent
from app.web.limits import limit
from app.web.paging import page_schema
from app.web.printed import PDF, printed
from app.web.schemas import members_of
from ledger.journal.evidence.ports import EvidencePorts
from ledger.journal.ids import RunId, SettlementId
from ledger.journal.printing.pdf import render_pdf
from ledger.journal.settlement import queries as settlement_queries
from ledger.journal.settlement import run_services, schemas
from ledger.journal.settlement import services as settlement_services
from ledger.journal.settlement.models import Settlement, SettlementRun
from ledger.journal.settlement.run_services import RunPeriod
from ledger.journal.settlement.statements import signed_bytes

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
        run = run_services.plan_run(uow, RunPeriod(**command), planned_by=planned_by)
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
    signer = get(EvidencePorts).signer
    signature = signer.sign(signed_bytes(settlement.statement))
    return {
        **members_of(schemas.SettlementSummarySchema(), settlement),
        "statement": settlement.statement,
        "key": signer.name,
        "signature": base64_text(signature),
    }


@blueprint.route("/settlements/<string:settlement_id>/statement", methods=["GET"])
@blueprint.response(200, content_type="application/json")
@requires(Permission.READ_OWN)
def get_settlement_statement(settlement_id: str) -> Response:
    """The statement's canonical bytes, over which ``statement_hash`` is the SHA-256."""
    settlement = _find_settlement(settlement_id)
    return Response(canonical_bytes(settlement.statement), content_type="application/json")


@blueprint.route("/settlements/<string:settlement_id>/pdf", methods=["GET"])
@blueprint.response(200, content_type=PDF)
@requires(Permission.READ_OWN)
@limit("30 per minute")
def get_settlement_pdf(settlement_id: str) -> Response:
    """The statement for people, in Chinese and English; made from the same document."""
    settlement = _find_settlement(settlement_id)
    return printed(render_pdf(settlement.statement), settlement.settlement_id)


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


def _find_settlement(settlement_id: str) -> Settlement:
    with unit_of_work() as uow:
        return settlement_queries.get_settlement(
            uow.session, SettlementId(settlement_id), own_organisation()
        )
