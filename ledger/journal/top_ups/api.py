"""Routes of top-ups."""

from typing import Any

from app.core.ids import TopUpId
from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, get, own_organisation, unit_of_work, whoever_asks
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from ledger.journal.top_ups import queries, schemas, services
from ledger.journal.top_ups.errors import TopUpGatewayUnknown
from ledger.journal.top_ups.models import TopUp
from ledger.journal.top_ups.ports import PaymentGateway, PaymentGateways

blueprint = Blueprint(
    "top_ups", __name__, url_prefix="/v1", description="Money on its way into a wallet."
)


@blueprint.route("/top-ups", methods=["POST"])
@blueprint.arguments(schemas.RequestTopUpSchema)
@blueprint.response(201, schemas.TopUpSchema)
@requires(Permission.BUY)
@idempotent
def post_top_up(command: dict[str, Any]) -> TopUp:
    """Announce a payment and receive where to pay: an account and a reference, or a page."""
    with unit_of_work() as uow:
        gateway = _gateway(command.pop("gateway"))
        top_up = services.request_top_up(uow, current_principal(), gateway, **command)
        uow.commit()
        return top_up


def _gateway(name: str | None) -> PaymentGateway:
    found = get(PaymentGateways).find(name)
    if found is None:
        raise TopUpGatewayUnknown(str(name))
    return found


@blueprint.route("/top-ups/<string:top_up_id>", methods=["GET"])
@blueprint.response(200, schemas.TopUpSchema)
@requires(Permission.READ_OWN)
def get_top_up(top_up_id: str) -> TopUp:
    """One top-up and what became of it."""
    with unit_of_work() as uow:
        return queries.get_top_up(uow.session, TopUpId(top_up_id), own_organisation())


@blueprint.route("/top-ups", methods=["GET"])
@blueprint.arguments(schemas.TopUpQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.TopUpSchema))
@requires(Permission.READ_OWN)
def get_top_ups(query: dict[str, Any]) -> Page[TopUp]:
    """Top-ups, newest first: those in a state, of an organisation, or of a bank's reference."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    wanted = queries.TopUpFilter(own_organisation(), **query)
    with unit_of_work() as uow:
        return queries.list_top_ups(uow.session, wanted)


@blueprint.route("/top-ups/<string:top_up_id>/confirmation", methods=["POST"])
@blueprint.arguments(schemas.ConfirmTopUpSchema)
@blueprint.response(200, schemas.TopUpSchema)
@requires(Permission.CONFIRM_TOP_UPS)
@idempotent
def post_top_up_confirmation(command: dict[str, Any], top_up_id: str) -> TopUp:
    """State that the transfer arrived; two different people are needed."""
    with unit_of_work() as uow:
        top_up = services.confirm_top_up(
            uow, current_principal(), top_up_id=TopUpId(top_up_id), **command
        )
        uow.commit()
        return top_up


@blueprint.route("/top-ups/<string:top_up_id>/cancellation", methods=["POST"])
@blueprint.response(200, schemas.TopUpSchema)
@requires(Permission.READ_OWN)
@idempotent
def post_top_up_cancellation(top_up_id: str) -> TopUp:
    """Give up a top-up whose money has not arrived; operators also what one of them confirmed."""
    with unit_of_work() as uow:
        top_up = services.cancel_top_up(uow, current_principal(), top_up_id=TopUpId(top_up_id))
        uow.commit()
        return top_up
