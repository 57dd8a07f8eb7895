"""Routes of the keys with which a supplier's systems collect consents."""

from typing import Any

from app.accounts import queries, services
from app.accounts.access_models import CollectorKey
from app.accounts.api.blueprint import blueprint
from app.accounts.api_key_schemas import RotateApiKeySchema
from app.accounts.collector_schemas import (
    CollectorKeyPageQuerySchema,
    CollectorKeyPageSchema,
    CollectorKeySchema,
    IssueCollectorKeySchema,
    IssuedCollectorKeySchema,
)
from app.accounts.ports import CredentialKit
from app.accounts.services import IssuedCollectorKey
from app.core.clock import Clock
from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent
from app.web.schemas import members_of

_KEPT = CollectorKeySchema(exclude=["state"])


def _shown(key: CollectorKey) -> dict[str, Any]:
    state = key.state(get(Clock).now())  # type: ignore[type-abstract]
    return members_of(_KEPT, key) | {"state": state}


def _issued(issued: IssuedCollectorKey) -> dict[str, Any]:
    return {"collector_key": _shown(issued.collector_key), "text": issued.text}


@blueprint.route("/v1/collector-keys", methods=["POST"])
@blueprint.arguments(IssueCollectorKeySchema)
@blueprint.response(201, IssuedCollectorKeySchema)
@requires(Permission.MANAGE_COLLECTORS)
@idempotent
def post_collector_key(command: dict[str, Any]) -> dict[str, Any]:
    """Issue a key to a system that collects consents; its text is shown this once."""
    with unit_of_work() as uow:
        issued = services.issue_collector_key(
            uow, get(CredentialKit).entropy, current_principal(), **command
        )
        uow.commit()
        return _issued(issued)


@blueprint.route("/v1/collector-keys", methods=["GET"])
@blueprint.arguments(CollectorKeyPageQuerySchema, location="query")
@blueprint.response(200, CollectorKeyPageSchema)
@requires(Permission.MANAGE_COLLECTORS)
def get_collector_keys(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List one's systems' keys by prefix, and when each was used last."""
    with unit_of_work() as uow:
        page = queries.list_collector_keys(uow, current_principal().organisation_id, **query)
        return Page([_shown(each) for each in page.items], page.next_cursor)


@blueprint.route("/v1/collector-keys/<collector_key_id>/rotation", methods=["POST"])
@blueprint.arguments(RotateApiKeySchema)
@blueprint.response(201, IssuedCollectorKeySchema)
@requires(Permission.MANAGE_COLLECTORS)
@idempotent
def post_collector_key_rotation(command: dict[str, Any], collector_key_id: str) -> dict[str, Any]:
    """Issue a key's successor; the old one goes on working for the overlap."""
    with unit_of_work() as uow:
        issued = services.rotate_collector_key(
            uow, get(CredentialKit).entropy, current_principal(), key_id=collector_key_id, **command
        )
        uow.commit()
        return _issued(issued)


@blueprint.route("/v1/collector-keys/<collector_key_id>", methods=["DELETE"])
@blueprint.response(204)
@requires(Permission.MANAGE_COLLECTORS)
def delete_collector_key(collector_key_id: str) -> None:
    """Revoke a key: the next request with it is refused."""
    with unit_of_work() as uow:
        services.revoke_collector_key(uow, current_principal(), key_id=collector_key_id)
        uow.commit()
