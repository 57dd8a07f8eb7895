"""Routes of disputes."""

from typing import Any

from flask import Response

from app.core.canonical import canonical_bytes
from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, own_organisation, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from app.web.schemas import members_of
from ledger.journal.disputes import queries as dispute_queries
from ledger.journal.disputes import schemas
from ledger.journal.disputes import services as dispute_services
from ledger.journal.disputes.claims import Claim
from ledger.journal.disputes.errors import DisputeNotFound
from ledger.journal.disputes.models import Dispute
from ledger.journal.disputes.services import AcceptedCall
from ledger.journal.evidence.ports import EvidencePorts
from ledger.journal.ids import DisputeId
from ledger.journal.trading import queries as trading_queries
from ledger.journal.trading.errors import LicencePartiesNotFound

blueprint = Blueprint("disputes", __name__, url_prefix="/v1", description="Disputed calls.")


@blueprint.route("/disputes", methods=["POST"])
@blueprint.arguments(schemas.OpenDisputeSchema)
@blueprint.response(201, schemas.DisputeSchema)
@requires(Permission.BUY)
@idempotent
def post_dispute(command: dict[str, Any]) -> dict[str, Any]:
    """Dispute calls of a licence: each is compared with the log and the invoices at once."""
    buyer_id = current_principal().organisation_id
    with unit_of_work() as uow:
        # Asked with the caller's own reach: only the licence's buyer gets past this line.
        parties = trading_queries.get_licence_parties(
            uow.session, command["licence_id"], own_organisation()
        )
        if parties.buyer_id != buyer_id:
            raise LicencePartiesNotFound(command["licence_id"])
    claims = [Claim(**claim) for claim in command.pop("calls")]
    with unit_of_work(Reach.EXCHANGE) as uow:
        dispute = dispute_services.open_dispute(
            uow, get(EvidencePorts), current_principal(), claims=claims, **command
        )
        shown = _shown(uow.session, dispute)
        uow.commit()
        return shown


@blueprint.route("/disputes", methods=["GET"])
@blueprint.arguments(schemas.DisputeQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.DisputeSummarySchema))
@requires(Permission.READ_OWN)
def get_disputes(query: dict[str, Any]) -> Page[Dispute]:
    """Disputes of the organisation as buyer or supplier, newest first."""
    with unit_of_work() as uow:
        return dispute_queries.list_disputes(uow.session, own_organisation(), **query)


@blueprint.route("/disputes/<string:dispute_id>", methods=["GET"])
@blueprint.response(200, schemas.DisputeSchema)
@requires(Permission.READ_OWN)
def get_dispute(dispute_id: str) -> dict[str, Any]:
    """One dispute with the parties' words and what was found about each call."""
    with unit_of_work() as uow:
        dispute = dispute_queries.get_dispute(
            uow.session, DisputeId(dispute_id), own_organisation()
        )
        return _shown(uow.session, dispute)


@blueprint.route("/disputes/<string:dispute_id>/evidence", methods=["GET"])
@blueprint.response(200, schemas.DisputeEvidenceSchema)
@requires(Permission.READ_OWN)
def get_dispute_evidence(dispute_id: str) -> Response:
    """The signed bundle: receipts, leaves, invoice lines and findings, with proofs if published."""
    with unit_of_work() as uow:
        dispute = dispute_queries.get_dispute(
            uow.session, DisputeId(dispute_id), own_organisation()
        )
    with unit_of_work(Reach.EXCHANGE) as uow:
        ports = get(EvidencePorts)
        evidence = dispute_services.dispute_evidence(uow.session, ports, dispute)
    return Response(canonical_bytes(evidence), content_type="application/json")


@blueprint.route("/disputes/<string:dispute_id>/answer", methods=["POST"])
@blueprint.arguments(schemas.AnswerDisputeSchema)
@blueprint.response(200, schemas.DisputeSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_dispute_answer(command: dict[str, Any], dispute_id: str) -> dict[str, Any]:
    """The supplier's say, once and in time."""
    _check_side(dispute_id, "supplier_id")
    with unit_of_work(Reach.EXCHANGE) as uow:
        dispute = dispute_services.answer_dispute(
            uow, current_principal(), dispute_id=DisputeId(dispute_id), **command
        )
        shown = _shown(uow.session, dispute)
        uow.commit()
        return shown


@blueprint.route("/disputes/<string:dispute_id>/withdrawal", methods=["POST"])
@blueprint.response(200, schemas.DisputeSchema)
@requires(Permission.BUY)
@idempotent
def post_dispute_withdrawal(dispute_id: str) -> dict[str, Any]:
    """The buyer gives the dispute up."""
    _check_side(dispute_id, "buyer_id")
    with unit_of_work(Reach.EXCHANGE) as uow:
        dispute = dispute_services.withdraw_dispute(uow, dispute_id=DisputeId(dispute_id))
        shown = _shown(uow.session, dispute)
        uow.commit()
        return shown


@blueprint.route("/disputes/<string:dispute_id>/decision", methods=["POST"])
@blueprint.arguments(schemas.DecideDisputeSchema)
@blueprint.response(200, schemas.DisputeSchema)
@requires(Permission.DECIDE_DISPUTES)
@idempotent
def post_dispute_decision(command: dict[str, Any], dispute_id: str) -> dict[str, Any]:
    """Accept some calls or none; what is accepted is credited in the same transaction."""
    with unit_of_work() as uow:
        dispute = dispute_services.decide_dispute(
            uow,
            get(EvidencePorts),
            current_principal(),
            dispute_id=DisputeId(dispute_id),
            accepted=[AcceptedCall(**each) for each in command["accepted"]],
            text=command["text"],
        )
        shown = _shown(uow.session, dispute)
        uow.commit()
        return shown


def _shown(session: Any, dispute: Dispute) -> dict[str, Any]:
    session.flush()
    return {
        **members_of(schemas.DisputeSchema(exclude=["calls"]), dispute),
        "calls": dispute_queries.shown_calls(session, dispute),
    }


def _check_side(dispute_id: str, side: str) -> None:
    """Asked with the caller's own reach: only that party gets past."""
    organisation_id = own_organisation()
    with unit_of_work() as uow:
        dispute = dispute_queries.get_dispute(uow.session, DisputeId(dispute_id), organisation_id)
    if getattr(dispute, side) != organisation_id:
        raise DisputeNotFound(dispute_id)
