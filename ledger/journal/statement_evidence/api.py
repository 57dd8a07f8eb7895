"""Routes of statements' evidence: whole for the supplier, one row for the buyer of its licence."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from app.core.canonical import canonical_bytes
from app.core.ids import LicenceId, OrganisationId
from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import get, own_organisation, unit_of_work
from app.web.limits import limit
from app.web.paging import PageQuerySchema, page_schema
from ledger.journal.evidence.ports import EvidencePorts
from ledger.journal.ids import SettlementId
from ledger.journal.settlement import queries as settlement_queries
from ledger.journal.settlement.errors import SettlementNotFound
from ledger.journal.settlement.models import Settlement
from ledger.journal.statement_evidence import queries as statement_queries
from ledger.journal.statement_evidence import schemas
from ledger.journal.statement_evidence import services as statement_services
from ledger.journal.statement_evidence.errors import StatementRowNotFound
from ledger.journal.statement_evidence.queries import SettlementRow
from ledger.journal.trading import queries as trading_queries
from ledger.journal.trading.errors import LicencePartiesNotFound

blueprint = Blueprint("statements", __name__, url_prefix="/v1", description="Statements' evidence.")


@blueprint.route("/settlements/<string:settlement_id>/evidence", methods=["GET"])
@blueprint.response(200, schemas.StatementEvidenceSchema)
@requires(Permission.READ_OWN)
@limit("30 per minute")
def get_settlement_evidence(settlement_id: str) -> Response:
    """The signed statement, every row of its tree with its salt, and its proven log entry.

    The answer is canonical JSON, byte for byte what a verifier reads.
    """
    with unit_of_work() as uow:
        settlement = settlement_queries.get_settlement(
            uow.session, SettlementId(settlement_id), own_organisation()
        )
    with unit_of_work(Reach.EXCHANGE) as uow:
        ports = get(EvidencePorts)
        evidence = statement_services.statement_evidence(uow.session, ports, settlement)
    return Response(canonical_bytes(evidence), content_type="application/json")


@blueprint.route(
    "/settlements/<string:settlement_id>/rows/<string:licence_id>/evidence", methods=["GET"]
)
@blueprint.response(200, schemas.StatementRowEvidenceSchema)
@requires(Permission.READ_OWN)
@limit("60 per minute")
def get_settlement_row_evidence(settlement_id: str, licence_id: str) -> Response:
    """One licence's row with its path to the root, for that licence's buyer and the supplier.

    Nothing of other rows is in it but subtotals beside the path. The answer is canonical JSON.
    """
    settlement = _find_for_row(SettlementId(settlement_id), LicenceId(licence_id))
    with unit_of_work(Reach.EXCHANGE) as uow:
        evidence = statement_services.row_evidence(
            uow.session, get(EvidencePorts), settlement, LicenceId(licence_id)
        )
    return Response(canonical_bytes(evidence), content_type="application/json")


@blueprint.route("/licences/<string:licence_id>/settlement-rows", methods=["GET"])
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.SettlementRowSchema))
@requires(Permission.READ_OWN)
def get_licence_settlement_rows(page: dict[str, Any], licence_id: str) -> Page[SettlementRow]:
    """The settlements in which a licence has a row, newest first."""
    organisation_id = own_organisation()
    with unit_of_work() as uow:
        parties = trading_queries.get_licence_parties(
            uow.session, LicenceId(licence_id), organisation_id
        )
    # The buyer sees its licence's row in whoever's statement; a supplier sees its own statements.
    is_all = organisation_id in {None, parties.buyer_id}
    with unit_of_work(Reach.EXCHANGE) as uow:
        return statement_queries.list_licence_rows(
            uow.session, parties.licence_id, None if is_all else organisation_id, **page
        )


def _find_for_row(settlement_id: SettlementId, licence_id: LicenceId) -> Settlement:
    """The settlement, for its supplier, the exchange's staff, and the licence's buyer.

    A buyer learns of a settlement only through a row of its own: otherwise none is found.
    """
    organisation_id = own_organisation()
    with unit_of_work() as uow:
        try:
            return settlement_queries.get_settlement(uow.session, settlement_id, organisation_id)
        except SettlementNotFound:
            # Asked with the caller's own reach: only the licence's parties get past this line.
            _check_buyer(uow.session, licence_id, organisation_id)
    with unit_of_work(Reach.EXCHANGE) as uow:
        if not statement_queries.has_row(uow.session, settlement_id, licence_id):
            raise StatementRowNotFound(settlement_id, licence_id)
        return settlement_queries.get_settlement(uow.session, settlement_id, None)


def _check_buyer(
    session: Session, licence_id: LicenceId, organisation_id: OrganisationId | None
) -> None:
    parties = trading_queries.get_licence_parties(session, licence_id, organisation_id)
    if organisation_id not in {None, parties.buyer_id}:
        raise LicencePartiesNotFound(licence_id)
