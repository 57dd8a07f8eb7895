"""Routes of the way back in for whoever lost password or authenticator."""

from typing import Any

from app.accounts import queries, services
from app.accounts.access_models import AccessReset
from app.accounts.api.blueprint import blueprint
from app.accounts.ports import CredentialKit
from app.accounts.reset_schemas import (
    AccessResetPageSchema,
    AccessResetQuerySchema,
    AccessResetSchema,
    IssuedAccessResetSchema,
    ProposeAccessResetSchema,
    UseAccessResetSchema,
)
from app.accounts.services import IssuedReset
from app.core.clock import Clock
from app.core.paging import Page
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import public, requires
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent
from app.web.limits import limit

_NAMES = tuple(name for name in AccessResetSchema().fields if name != "state")


def _shown(reset: AccessReset) -> dict[str, Any]:
    state = reset.state(get(Clock).now())  # type: ignore[type-abstract]
    return {name: getattr(reset, name) for name in _NAMES} | {"state": state}


def _issued(issued: IssuedReset) -> dict[str, Any]:
    return {"access_reset": _shown(issued.access_reset), "text": issued.text}


@blueprint.route("/v1/people/<person_id>/access-reset", methods=["POST"])
@blueprint.response(201, IssuedAccessResetSchema)
@requires(Permission.MANAGE_ORGANISATION)
@idempotent
def post_colleague_reset(person_id: str) -> dict[str, Any]:
    """End a colleague's password and second factor; the token for a new one is shown this once."""
    with unit_of_work() as uow:
        issued = services.reset_access(
            uow, get(CredentialKit), current_principal(), person_id=person_id
        )
        uow.commit()
        return _issued(issued)


@blueprint.route("/v1/access-resets", methods=["POST"])
@blueprint.arguments(ProposeAccessResetSchema)
@blueprint.response(201, AccessResetSchema)
@requires(Permission.MANAGE_STAFF)
@idempotent
def post_access_reset(command: dict[str, Any]) -> dict[str, Any]:
    """Ask for a reset of one of the exchange's people, or of an organisation's last owner."""
    with unit_of_work() as uow:
        reset = services.propose_access_reset(uow, current_principal(), **command)
        uow.commit()
        return _shown(reset)


@blueprint.route("/v1/access-resets", methods=["GET"])
@blueprint.arguments(AccessResetQuerySchema, location="query")
@blueprint.response(200, AccessResetPageSchema)
@requires(Permission.MANAGE_STAFF)
def get_access_resets(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """Resets that operators asked for or owners made, newest first."""
    with unit_of_work() as uow:
        page = queries.list_access_resets(uow, **query)
        return Page([_shown(each) for each in page.items], page.next_cursor)


@blueprint.route("/v1/access-resets/<reset_id>/approval", methods=["POST"])
@blueprint.response(201, IssuedAccessResetSchema)
@requires(Permission.MANAGE_STAFF)
@idempotent
def post_approval(reset_id: str) -> dict[str, Any]:
    """Agree to another operator's request; the token is shown this once."""
    with unit_of_work() as uow:
        issued = services.approve_access_reset(
            uow, get(CredentialKit), current_principal(), reset_id=reset_id
        )
        uow.commit()
        return _issued(issued)


@blueprint.route("/v1/access-resets/use", methods=["POST"])
@blueprint.arguments(UseAccessResetSchema)
@blueprint.response(204)
@public("the token is the credential")
@limit("20 per minute")
def post_use(command: dict[str, Any]) -> None:
    """Choose a new password with the token; then sign in, and enrol a second factor again."""
    # The exchange's reach: whose token it is, nobody knows before it is found.
    with unit_of_work(Reach.EXCHANGE) as uow:
        services.use_access_reset(uow, get(CredentialKit).passwords, **command)
        uow.commit()
