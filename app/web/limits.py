"""Rate limits protect the service; they are counted per principal, or per address without one."""

from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

from flask import Flask, Response, current_app, request
from flask_limiter import HeaderNames, Limiter
from typing_extensions import override

from app.core.principals import Machine
from app.web.context import find_principal

View = TypeVar("View", bound=Callable[..., Any])

DEFAULT = "1200 per minute"
"""Every route has at least this limit; a machine's key may set a lower one for itself."""


def own_limits() -> str:
    """What this caller may ask of the route: the caller's limit, and the route's own."""
    principal = find_principal()
    rule = DEFAULT
    if isinstance(principal, Machine) and principal.requests_per_minute is not None:
        rule = f"{principal.requests_per_minute} per minute"
    view = current_app.view_functions.get(request.endpoint or "")
    return ";".join(filter(None, [getattr(view, "limit", ""), rule]))


IPV6_PREFIX = 64
"""What one customer has of addresses, and may change at every request (RFC 6177)."""


def caller_key() -> str:
    """Whom a request counts against; the address is the socket's, never a header's."""
    principal = find_principal()
    return principal.id if principal else f"address:{_counted(request.remote_addr or '')}"


def _counted(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:  # noqa: PLR2004 -- of the Internet Protocol
        return address
    return str(ip_network((found.packed, IPV6_PREFIX), strict=False))


_WRITTEN = {name: f"X-Limiter-{name.name}" for name in HeaderNames}
"""What flask-limiter writes, by names of our own, until it is said as the data plane says it."""


class _Limits(Limiter):
    """flask-limiter 4.1 writes Retry-After on every response, over ours; kept for 429 only."""

    @override
    def init_app(self, app: Flask) -> None:
        """Attach to the application; what is registered first runs last after a request."""
        app.after_request(_say_what_is_left)
        super().init_app(app)


def _say_what_is_left(response: Response) -> Response:
    """The standing in draft-ietf-httpapi-ratelimit-headers-11, as beside metered calls."""
    written = {name: response.headers.pop(header, None) for name, header in _WRITTEN.items()}
    standing, seconds = limiter.current_limit, written[HeaderNames.RETRY_AFTER]
    if standing is None or seconds is None:
        return response
    window = standing.limit.get_expiry()
    response.headers["RateLimit-Policy"] = f'"requests";q={standing.limit.amount};w={window}'
    response.headers["RateLimit"] = f'"requests";r={standing.remaining};t={seconds}'
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers.setdefault("Retry-After", seconds)
    return response


limiter = _Limits(
    caller_key,
    default_limits=[own_limits],
    headers_enabled=True,
    header_name_mapping=_WRITTEN,
    strategy="moving-window",
)


def limit(rule: str) -> Callable[[View], View]:
    """An extra, tighter limit on one route, for instance ``"10 per minute"``.

    A mark, and not flask-limiter's decorator: that one counts what reaches the view, and leaves out
    whoever is refused before, for a body that cannot be read or for want of a sign-in.
    """

    def mark(view: View) -> View:
        view.limit = rule  # type: ignore[attr-defined] # carried along by functools.wraps
        return view

    return mark
