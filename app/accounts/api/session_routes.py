"""Routes of signing in and out, and the public keys of access tokens."""

from typing import Any

import structlog

from app.accounts import services
from app.accounts.access_tokens import jwks
from app.accounts.api.blueprint import blueprint
from app.accounts.api.signed_in import current_person
from app.accounts.ports import CredentialKit
from app.accounts.services import Tokens
from app.accounts.session_schemas import JwksSchema, RefreshSchema, SignInSchema, TokensSchema
from app.accounts.sign_in_errors import RefreshTokenRefused
from app.core.principals import Permission
from app.core.reach import Reach
from app.web.access import public, requires
from app.web.context import get, unit_of_work
from app.web.limits import limit

_log = structlog.get_logger("security")
JWKS_SECONDS = 300
"""How long a key set may be cached; a new signing key is listed that long before its first use."""


@blueprint.route("/v1/sessions", methods=["POST"])
@blueprint.arguments(SignInSchema)
@blueprint.response(201, TokensSchema)
@public("signing in is how one stops being a stranger")
@limit("60 per minute")
def post_session(command: dict[str, Any]) -> Tokens:
    """Sign in."""
    # Two transactions: an attempt stays counted whatever becomes of it, so it is committed before
    # the password is looked at. The exchange's reach: whose address this is, nobody knows yet.
    with unit_of_work(Reach.EXCHANGE) as uow:
        services.reserve_attempt(uow, email=command["email"])
        uow.commit()
    with unit_of_work(Reach.EXCHANGE) as uow:
        tokens = services.sign_in(uow, get(CredentialKit), **command)
        uow.commit()
    return tokens


@blueprint.route("/v1/sessions/refresh", methods=["POST"])
@blueprint.arguments(RefreshSchema)
@blueprint.response(201, TokensSchema)
@public("the refresh token is the credential")
@limit("60 per minute")
def post_refresh(command: dict[str, Any]) -> Tokens:
    """Exchange a refresh token for new tokens; a token that was used before ends its session."""
    # The exchange's reach: the organisation is known only once the token is found.
    with unit_of_work(Reach.EXCHANGE) as uow:
        tokens = services.refresh_session(uow, get(CredentialKit), **command)
        # Also when refused: the end of a stolen session has to last.
        uow.commit()
    if tokens is None:
        _log.warning("refresh token refused")
        raise RefreshTokenRefused
    return tokens


@blueprint.route("/v1/sessions/current", methods=["DELETE"])
@blueprint.response(204)
@requires(Permission.READ_OWN)
def delete_session() -> None:
    """Sign out: this session's tokens stop working."""
    with unit_of_work() as uow:
        services.end_session(uow, current_person().session_id)
        uow.commit()


@blueprint.route("/.well-known/jwks.json", methods=["GET"])
@blueprint.response(200, JwksSchema)
@public("public keys are public")
def get_jwks() -> tuple[dict[str, Any], int, dict[str, str]]:
    """The keys with which anybody checks access tokens (RFC 7517)."""
    headers = {"Cache-Control": f"public, max-age={JWKS_SECONDS}"}
    return jwks(get(CredentialKit).access_keys), 200, headers
