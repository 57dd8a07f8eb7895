"""Routes of appeals: filed by suppliers, decided by a board of people who were not involved."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import requires
from app.web.context import current_principal, unit_of_work, whoever_asks
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from compliance import queries, services
from compliance.api.blueprint import blueprint, own_only
from compliance.models.licences import ScenarioDeclaration
from compliance.models.reviews import ConflictDeclaration
from compliance.models.suspensions import FiledAppeal
from compliance.schemas.appeals import AppealQuerySchema, AppealSchema, FileAppealSchema
from compliance.schemas.panels import VOTES, DecideAppealSchema
from compliance.schemas.reviews import AssignmentSchema, TakeCaseSchema


@blueprint.route("/review-cases/<case_id>/appeal", methods=["POST"])
@blueprint.arguments(FileAppealSchema)
@blueprint.response(201, AppealSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_case_appeal(command: dict[str, Any], case_id: str) -> FiledAppeal:
    """Appeal against the rejection of a version, in time and once."""
    # A board is the exchange's: the service itself looks whose case it is.
    with unit_of_work(Reach.EXCHANGE) as uow:
        appeal = services.appeal_rejection(uow, current_principal(), case_id=case_id, **command)
        uow.commit()
        return appeal


@blueprint.route("/listings/<listing_code>/appeal", methods=["POST"])
@blueprint.arguments(FileAppealSchema)
@blueprint.response(201, AppealSchema)
@requires(Permission.OFFER_PRODUCTS)
@idempotent
def post_listing_appeal(command: dict[str, Any], listing_code: str) -> FiledAppeal:
    """Appeal against a suspension in force or a revocation, in time and once."""
    # A board is the exchange's: the service itself looks whose listing it is.
    with unit_of_work(Reach.EXCHANGE) as uow:
        appeal = services.appeal_listing(
            uow, current_principal(), listing_code=listing_code, **command
        )
        uow.commit()
        return appeal


@blueprint.route("/appeals", methods=["GET"])
@blueprint.arguments(AppealQuerySchema, location="query")
@blueprint.response(200, page_schema(AppealSchema))
@requires(Permission.READ_OWN)
def get_appeals(query: dict[str, Any]) -> Page[FiledAppeal]:
    """One's own appeals; the exchange's staff see all, newest first."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return queries.list_appeals(uow, supplier_id=own_only(current_principal()), **query)


@blueprint.route("/appeals/<appeal_id>/seats", methods=["POST"])
@blueprint.arguments(TakeCaseSchema)
@blueprint.response(201, AssignmentSchema)
@requires(Permission.DECIDE_APPEALS)
@idempotent
def post_appeal_seat(
    command: dict[str, Any], appeal_id: str
) -> ConflictDeclaration | ScenarioDeclaration:
    """Declare one's conflicts and, without any, take a seat on the board."""
    with unit_of_work() as uow:
        panel_id = queries.get_appeal(uow, appeal_id).panel_id
        declaration = services.seat_member(
            uow,
            current_principal(),
            panel_id=str(panel_id),
            kinds=(services.APPEAL,),
            **command,
        )
        uow.commit()
        return declaration


@blueprint.route("/appeals/<appeal_id>/votes", methods=["POST"])
@blueprint.arguments(DecideAppealSchema)
@blueprint.response(201, AppealSchema)
@requires(Permission.DECIDE_APPEALS)
@idempotent
def post_appeal_vote(command: dict[str, Any], appeal_id: str) -> FiledAppeal:
    """Vote once for or against the appeal, with a reason; the last seat's vote decides."""
    in_favour = VOTES[command.pop("vote")]
    with unit_of_work() as uow:
        appeal = services.vote_on_appeal(
            uow, current_principal(), appeal_id=appeal_id, in_favour=in_favour, **command
        )
        uow.commit()
        return appeal
