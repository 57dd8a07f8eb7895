"""Routes of freezes."""

from typing import Any

from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.blueprints import Blueprint
from app.web.context import current_principal, own_organisation, unit_of_work, whoever_asks
from app.web.idempotency import idempotent
from app.web.paging import page_schema
from ledger.journal.books.models import AccountFreeze
from ledger.journal.freezes import queries, schemas, services

blueprint = Blueprint(
    "account-freezes",
    __name__,
    url_prefix="/v1",
    description="Accounts that give nothing until two people looked.",
)


@blueprint.route("/account-freezes", methods=["GET"])
@blueprint.arguments(schemas.AccountFreezeQuerySchema, location="query")
@blueprint.response(200, page_schema(schemas.AccountFreezeSchema))
@requires(Permission.READ_OWN)
def get_account_freezes(query: dict[str, Any]) -> Page[AccountFreeze]:
    """Accounts that the audit froze, and who lifted it."""
    query["asks"] = whoever_asks(query.pop("is_for_me"))
    with unit_of_work() as uow:
        return queries.list_freezes(uow.session, own_organisation(), **query)


@blueprint.route("/account-freezes/<string:freeze_id>/lifting", methods=["POST"])
@blueprint.arguments(schemas.LiftFreezeSchema)
@blueprint.response(200, schemas.AccountFreezeSchema)
@requires(Permission.OPERATE)
@idempotent
def post_freeze_lifting(command: dict[str, Any], freeze_id: str) -> AccountFreeze:
    """Say why an account may give again; a second operator agrees."""
    with unit_of_work() as uow:
        freeze = services.ask_to_lift(uow, current_principal(), freeze_id=freeze_id, **command)
        uow.commit()
        return freeze


@blueprint.route("/account-freezes/<string:freeze_id>/lifting/approval", methods=["POST"])
@blueprint.response(200, schemas.AccountFreezeSchema)
@requires(Permission.OPERATE)
@idempotent
def post_freeze_lifting_approval(freeze_id: str) -> AccountFreeze:
    """The second operator's word: the account works again."""
    with unit_of_work() as uow:
        freeze = services.lift(uow, current_principal(), freeze_id=freeze_id)
        uow.commit()
        return freeze
