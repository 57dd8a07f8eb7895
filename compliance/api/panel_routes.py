"""Routes of panels, and of the policy by which they and all deadlines go."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import public, requires
from app.web.context import current_principal, unit_of_work, whoever_asks
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from compliance import queries, services
from compliance.api.blueprint import blueprint
from compliance.models.licences import ScenarioDeclaration
from compliance.models.panels import HeldPolicy, SittingPanel
from compliance.models.reviews import ConflictDeclaration
from compliance.review import policy
from compliance.schemas.panels import (
    VOTES,
    HeldPolicySchema,
    PanelQuerySchema,
    PanelSchema,
    PolicySchema,
    SetPolicySchema,
    VoteSchema,
)
from compliance.schemas.reviews import AssignmentSchema, TakeCaseSchema


@blueprint.route("/panels", methods=["GET"])
@blueprint.arguments(PanelQuerySchema, location="query")
@blueprint.response(200, page_schema(PanelSchema))
@requires(Permission.READ_EXCHANGE)
def get_panels(query: dict[str, Any]) -> Page[SittingPanel]:
    """Panels, oldest first: those that sit, and with a state those that concluded."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return queries.list_panels(uow, **query)


@blueprint.route("/panels/<panel_id>", methods=["GET"])
@blueprint.response(200, PanelSchema)
@requires(Permission.READ_EXCHANGE)
def get_panel(panel_id: str) -> SittingPanel:
    """One panel with its seats and votes."""
    with unit_of_work() as uow:
        return queries.get_panel(uow, panel_id)


@blueprint.route("/panels/<panel_id>/seats", methods=["POST"])
@blueprint.arguments(TakeCaseSchema)
@blueprint.response(201, AssignmentSchema)
@requires(Permission.VOTE)
@idempotent
def post_seat(command: dict[str, Any], panel_id: str) -> ConflictDeclaration | ScenarioDeclaration:
    """Declare one's conflicts and, without any, take a seat; nobody involved before may."""
    with unit_of_work() as uow:
        declaration = services.seat_member(
            uow, current_principal(), panel_id=panel_id, kinds=services.PANEL_KINDS, **command
        )
        uow.commit()
        return declaration


@blueprint.route("/panels/<panel_id>/votes", methods=["POST"])
@blueprint.arguments(VoteSchema)
@blueprint.response(201, PanelSchema)
@requires(Permission.VOTE)
@idempotent
def post_vote(command: dict[str, Any], panel_id: str) -> SittingPanel:
    """Vote once, with a reason; the last seat's vote decides."""
    in_favour = VOTES[command.pop("vote")]
    with unit_of_work() as uow:
        panel = services.vote_on_panel(
            uow, current_principal(), panel_id=panel_id, in_favour=in_favour, **command
        )
        uow.commit()
        return panel


@blueprint.route("/review-policy", methods=["GET"])
@blueprint.response(200, PolicySchema)
@public("everybody may know by which deadlines and majorities they are judged")
def get_review_policy() -> dict[str, Any]:
    """The policy in force: each value with its range, owner, source and whether it is confirmed."""
    with unit_of_work() as uow:
        document = services.policy_document(uow)
    return {"policy_hash": policy.hash_of(document), "document": document}


@blueprint.route("/review-policies", methods=["POST"])
@blueprint.arguments(SetPolicySchema)
@blueprint.response(201, HeldPolicySchema)
@requires(Permission.SET_POLICY)
@idempotent
def post_review_policy(command: dict[str, Any]) -> HeldPolicy:
    """Change values of the policy from an instant on; what has begun keeps its deadlines."""
    with unit_of_work() as uow:
        held = services.set_policy(uow, current_principal(), **command)
        uow.commit()
        return held
