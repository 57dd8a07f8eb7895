"""Routes of API keys: the credentials of machines for the data plane."""

from typing import Any

from app.accounts import queries, services
from app.accounts.access_models import ApiKey
from app.accounts.api.blueprint import blueprint
from app.accounts.api_key_schemas import (
    ApiKeyPageQuerySchema,
    ApiKeyPageSchema,
    IssueApiKeySchema,
    IssuedApiKeySchema,
    RotateApiKeySchema,
)
from app.accounts.ports import CredentialKit
from app.accounts.services import IssuedKey
from app.core.paging import Page
from app.core.principals import Permission
from app.web.access import requires
from app.web.context import current_principal, get, unit_of_work
from app.web.idempotency import idempotent


@blueprint.route("/v1/api-keys", methods=["POST"])
@blueprint.arguments(IssueApiKeySchema)
@blueprint.response(201, IssuedApiKeySchema)
@requires(Permission.MANAGE_KEYS)
@idempotent
def post_api_key(command: dict[str, Any]) -> IssuedKey:
    """Issue a key for the calls of one licence; its text is shown this once."""
    with unit_of_work() as uow:
        issued = services.issue_api_key(
            uow, get(CredentialKit).entropy, current_principal(), **command
        )
        uow.commit()
    return issued


@blueprint.route("/v1/api-keys", methods=["GET"])
@blueprint.arguments(ApiKeyPageQuerySchema, location="query")
@blueprint.response(200, ApiKeyPageSchema)
@requires(Permission.MANAGE_KEYS)
def get_api_keys(query: dict[str, Any]) -> Page[ApiKey]:
    """List one's organisation's keys by prefix; the secrets are with their holders."""
    with unit_of_work() as uow:
        return queries.list_api_keys(uow, current_principal().organisation_id, **query)


@blueprint.route("/v1/api-keys/<key_id>/rotation", methods=["POST"])
@blueprint.arguments(RotateApiKeySchema)
@blueprint.response(201, IssuedApiKeySchema)
@requires(Permission.MANAGE_KEYS)
@idempotent
def post_rotation(command: dict[str, Any], key_id: str) -> IssuedKey:
    """Issue a key's successor; the old one goes on working for the overlap."""
    with unit_of_work() as uow:
        issued = services.rotate_api_key(
            uow, get(CredentialKit).entropy, current_principal(), key_id=key_id, **command
        )
        uow.commit()
    return issued


@blueprint.route("/v1/api-keys/<key_id>", methods=["DELETE"])
@blueprint.response(204)
@requires(Permission.MANAGE_KEYS)
def delete_api_key(key_id: str) -> None:
    """Revoke a key: the next call with it is refused."""
    with unit_of_work() as uow:
        services.revoke_api_key(uow, current_principal(), key_id=key_id)
        uow.commit()
