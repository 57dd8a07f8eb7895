"""Routes of credits."""

from typing import Any

from flask import Response

from app.core.canonical import base64_text, canonical_bytes
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
from ledger.journal.credits import queries as credit_queries
from ledger.journal.credits import schemas
from ledger.journal.credits import services as credit_services
from ledger.journal.credits.models import Credit
from ledger.journal.credits.notes import CALL, Correction, signed_bytes
from ledger.journal.deciders import DeciderNotIndependent
from ledger.journal.evidence.ports import EvidencePorts
from ledger.journal.ids import CreditId
from ledger.journal.printing.pdf import render_pdf
from ledger.journal.trading import queries as trading_queries
from ledger.journal.trading.models import LicenceParties

blueprint = Blueprint("credits", __name__, url_prefix="/v1", description="Credits to buyers.")


@blueprint.route("/credits", methods=["POST"])
@blueprint.arguments(schemas.GiveCreditSchema)
@blueprint.response(201, schemas.CreditSchema)
@requires(Permission.DECIDE_DISPUTES)
@idempotent
def post_credit(command: dict[str, Any]) -> dict[str, Any]:
    """Give a licence's buyer back what was charged for calls, an order or a period."""
    with unit_of_work() as uow:
        parties = trading_queries.get_licence_parties(uow.session, command["licence_id"], None)
        if current_principal().organisation_id in {parties.buyer_id, parties.supplier_id}:
            raise DeciderNotIndependent(parties.licence_id)
        corrections = _corrections(uow.session, parties, command["corrects"])
        credit = credit_services.give_credit(
            uow,
            credit_id=CreditId(uow.ids.new("crd")),
            licence_id=parties.licence_id,
            amount=sum(correction.amount for correction in corrections),
            reason_code=command["reason_code"],
            corrects=corrections,
        )
        uow.commit()
        return _signed(credit)


@blueprint.route("/credits", methods=["GET"])
@blueprint.arguments(schemas.CreditQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.CreditSummarySchema))
@requires(Permission.READ_OWN)
def get_credits(query: dict[str, Any]) -> Page[Credit]:
    """Credits of the organisation as buyer or supplier, newest first."""
    with unit_of_work() as uow:
        return credit_queries.list_credits(uow.session, own_organisation(), **query)


@blueprint.route("/credits/<string:credit_id>", methods=["GET"])
@blueprint.response(200, schemas.CreditSchema)
@requires(Permission.READ_OWN)
def get_credit(credit_id: str) -> dict[str, Any]:
    """One credit with its note, signed by the statement key."""
    return _signed(_find_credit(credit_id))


@blueprint.route("/credits/<string:credit_id>/pdf", methods=["GET"])
@blueprint.response(200, content_type=PDF)
@requires(Permission.READ_OWN)
@limit("30 per minute")
def get_credit_pdf(credit_id: str) -> Response:
    """The credit note for people, in Chinese and English; made from the same document."""
    credit = _find_credit(credit_id)
    return printed(render_pdf(credit.document), credit.credit_id)


@blueprint.route("/credits/<string:credit_id>/evidence", methods=["GET"])
@blueprint.response(200, schemas.CreditEvidenceSchema)
@requires(Permission.READ_OWN)
def get_credit_evidence(credit_id: str) -> Response:
    """The note with the leaf of every credit of its licence up to it, and their proofs.

    The answer is canonical JSON, byte for byte what a verifier reads.
    """
    credit = _find_credit(credit_id)
    with unit_of_work(Reach.EXCHANGE) as uow:
        ports = get(EvidencePorts)
        evidence = credit_services.credit_evidence(uow.session, ports, credit)
    return Response(canonical_bytes(evidence), content_type="application/json")


def _corrections(
    session: Any, parties: LicenceParties, wanted: list[dict[str, Any]]
) -> list[Correction]:
    calls = [(each["lane"], each["n"], each["amount"]) for each in wanted if each["kind"] == CALL]
    ports = get(EvidencePorts)
    corrections = credit_services.call_corrections(session, ports, parties.licence_id, calls)
    corrections += [
        credit_services.booked_correction(
            session,
            parties,
            kind=each["kind"],
            reference=each["period"] or "",
            amount=each["amount"],
        )
        for each in wanted
        if each["kind"] != CALL
    ]
    return corrections


def _find_credit(credit_id: str) -> Credit:
    with unit_of_work() as uow:
        return credit_queries.get_credit(uow.session, CreditId(credit_id), own_organisation())


def _signed(credit: Credit) -> dict[str, Any]:
    signer = get(EvidencePorts).signer
    return {
        **members_of(schemas.CreditSummarySchema(), credit),
        "document": credit.document,
        "key": signer.name,
        "signature": base64_text(signer.sign(signed_bytes(credit.document))),
    }
