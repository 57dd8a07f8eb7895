"""Rate limits protect the service; they are counted per principal, or per address without one."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar, cast

from flask import Flask, Response, request
from flask_limiter import HeaderNames, Limiter
from typing_extensions import override

from app.core.principals import Machine
from app.web.context import find_principal

View = TypeVar("View", bound=Callable[..., Any])

DEFAULT = "1200 per minute"
"""Every route has at least this limit; a machine's key may set a lower one for itself."""


def own_limit() -> str:
    """What this caller may ask of each route that has no limit of its own."""
    principal = find_principal()
    if isinstance(principal, Machine) and principal.requests_per_minute is not None:
        return f"{principal.requests_per_minute} per minute"
    return DEFAULT


def caller_key() -> str:
    """Whom a request counts against; the address is the socket's, never a header's."""
    principal = find_principal()
    return principal.id if principal else f"address:{request.remote_addr}"


_UNTIL_RESET = "RateLimit-Retry-After"


class _Limits(Limiter):
    """flask-limiter 4.1 writes Retry-After on every response, over ours; kept for 429 only."""

    @override
    def init_app(self, app: Flask) -> None:
        """Attach to the application; what is registered first runs last after a request."""
        app.after_request(_say_when_only_if_limited)
        super().init_app(app)


def _say_when_only_if_limited(response: Response) -> Response:
    seconds = response.headers.pop(_UNTIL_RESET, None)
    if seconds is not None and response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers.setdefault("Retry-After", seconds)
    return response


limiter = _Limits(
    caller_key,
    default_limits=[own_limit],
    headers_enabled=True,
    header_name_mapping={HeaderNames.RETRY_AFTER: _UNTIL_RESET},
    strategy="moving-window",
)


def limit(rule: str) -> Callable[[View], View]:
    """An extra, tighter limit on one route, for instance ``"10 per minute"``."""
    return cast("Callable[[View], View]", limiter.limit(rule, override_defaults=False))
