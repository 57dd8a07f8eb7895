"""Public routes over anchors, and the operator's request for one."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import public, requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, unit_of_work
from app.web.idempotency import idempotent
from app.web.paging import PageQuerySchema, page_schema
from ledger.log.anchors import queries as anchor_queries
from ledger.log.anchors import services as anchor_services
from ledger.log.anchors.models import Anchor, AnchorRequest
from ledger.log.anchors.schemas import (
    AnchorRequestSchema,
    AnchorSchema,
    ChainStatusSchema,
    RequestAnchorSchema,
)

blueprint = Blueprint(
    "anchors", __name__, url_prefix="/v1", description="Heads of the log on chain."
)

_WHY_PUBLIC = "whoever checks the log needs to know where its heads stand on chain"


@blueprint.route("/anchors", methods=["GET"])
@blueprint.arguments(PageQuerySchema, location="query")
@blueprint.response(200, page_schema(AnchorSchema))
@public(_WHY_PUBLIC)
def list_anchors(query: dict[str, Any]) -> Page[Anchor]:
    """List anchors, newest first."""
    with unit_of_work(Reach.PUBLIC) as uow:
        return anchor_queries.list_anchors(uow.session, **query)


@blueprint.route("/anchors/latest", methods=["GET"])
@blueprint.response(200, AnchorSchema)
@public(_WHY_PUBLIC)
def get_latest_anchor() -> Anchor:
    """Get the newest anchor that is in a block."""
    with unit_of_work(Reach.PUBLIC) as uow:
        return anchor_queries.get_latest_anchor(uow.session)


@blueprint.route("/chain-status", methods=["GET"])
@blueprint.response(200, ChainStatusSchema)
@public(_WHY_PUBLIC)
def get_chain_status() -> anchor_queries.ChainStatus:
    """Get what the chain is worth and how far the log is anchored."""
    with unit_of_work(Reach.PUBLIC) as uow:
        return anchor_queries.get_chain_status(uow.session, uow.now)


@blueprint.route("/anchors", methods=["POST"])
@blueprint.arguments(RequestAnchorSchema)
@blueprint.response(202, AnchorRequestSchema)
@requires(Permission.OPERATE)
@idempotent
def request_anchor(command: dict[str, Any]) -> AnchorRequest:
    """Ask for the newest published head to be anchored at once."""
    with unit_of_work() as uow:
        request = anchor_services.request_anchor(
            uow, requested_by=current_principal().id, reason=command["reason"]
        )
        uow.commit()
        return request
