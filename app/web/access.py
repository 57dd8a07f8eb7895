"""Default deny: a view without a permission or a public mark is never run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from flask import Flask, current_app, g, request

from app.core.errors import CounterfoilError, ErrorKind
from app.core.principals import SECOND_FACTOR_PERMISSIONS, Machine, Permission, Principal
from app.web.blueprints import Blueprint
from app.web.context import get

View = TypeVar("View", bound=Callable[..., Any])


class Authenticator(Protocol):
    """Turns an Authorization header into a principal."""

    def authenticate(self, authorization: str | None) -> Principal | None:
        """The principal, or None without a header; raises `CounterfoilError` for a bad one."""
        ...


@dataclass(frozen=True)
class Access:
    """What a view demands: a permission, or nothing with a reason."""

    permission: Permission | None
    reason: str = ""


class NotSignedIn(CounterfoilError):
    """The route needs a principal and there is none."""

    kind = ErrorKind.UNAUTHENTICATED
    slug = "not-signed-in"
    title = "Sign in first"

    def __init__(self) -> None:
        super().__init__("Send 'Authorization: Bearer <access token>' from POST /v1/sessions.")


class PermissionMissing(CounterfoilError):
    """The principal lacks the permission of the route."""

    kind = ErrorKind.FORBIDDEN
    slug = "permission-missing"
    title = "This needs a permission that you do not have"

    def __init__(self, permission: str = "none is granted") -> None:
        super().__init__(f"The permission '{permission}' is needed.", permission=permission)


class CallerNetworkRefused(CounterfoilError):
    """The key is good, but not from where the request came."""

    kind = ErrorKind.FORBIDDEN
    slug = "caller-network-refused"
    title = "This key may not be used from this network"

    def __init__(self) -> None:
        super().__init__("The caller's address is outside the key's networks.")


class SecondFactorRequired(CounterfoilError):
    """The permission is held, but the session was opened without a second factor."""

    kind = ErrorKind.FORBIDDEN
    slug = "second-factor-required"
    title = "Sign in with your second factor"

    def __init__(self) -> None:
        super().__init__("Enrol at POST /v1/second-factor, then sign in with one_time_code.")


def requires(permission: Permission) -> Callable[[View], View]:
    """Mark a view with the permission that it demands."""
    return _mark(Access(permission))


def public(reason: str) -> Callable[[View], View]:
    """Mark a view as open to everybody, and say why."""
    return _mark(Access(None, reason))


def _mark(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        described: View = Blueprint.doc(operationId=view.__name__, **_described(access))(view)
        described.access = access  # type: ignore[attr-defined] # carried along by functools.wraps
        return described

    return mark


def _described(access: Access) -> dict[str, Any]:
    """What the document says of it: the permission, or that nobody need sign in."""
    if access.permission is None:
        return {"security": []}
    return {"x-permission": access.permission.value}


def access_of(view: Callable[..., Any]) -> Access | None:
    """The mark of a view, if it has one."""
    return getattr(view, "access", None)


def _authenticate() -> None:
    g.principal, g.refusal = None, None
    try:
        principal = get(Authenticator).authenticate(request.headers.get("Authorization"))  # type: ignore[type-abstract]
        _demand_network(principal)
        g.principal = principal
    except CounterfoilError as refusal:
        # Kept, not raised: the rate limit must count the attempt before it is refused.
        g.refusal = refusal


def _demand_network(principal: Principal | None) -> None:
    if isinstance(principal, Machine) and not principal.may_come_from(request.remote_addr or ""):
        raise CallerNetworkRefused


def _authorise() -> None:
    if request.endpoint is None:
        return  # routing failed; the 404 or 405 follows
    access = access_of(current_app.view_functions[request.endpoint])
    if access is None:
        raise PermissionMissing
    if access.permission is None:
        return
    if g.refusal is not None:
        raise g.refusal
    _demand(g.principal, access.permission)


def _demand(principal: Principal | None, permission: Permission) -> None:
    if principal is None:
        raise NotSignedIn
    if principal.may(permission):
        return
    with_factor = Principal(
        principal.id, principal.organisation_id, principal.roles, has_second_factor=True
    )
    if permission in SECOND_FACTOR_PERMISSIONS and with_factor.may(permission):
        raise SecondFactorRequired
    raise PermissionMissing(permission)


def register_authentication(app: Flask) -> None:
    """Know the principal before the rate limit counts."""
    app.before_request(_authenticate)


def register_authorisation(app: Flask) -> None:
    """Refuse before the view runs."""
    app.before_request(_authorise)
