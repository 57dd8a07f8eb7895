"""Rate limits protect the service; they are counted per principal, or per address without one."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import request
from flask_limiter import Limiter

from app.web.context import find_principal

View = TypeVar("View", bound=Callable[..., Any])

DEFAULT = "1200 per minute"
"""Every route has at least this limit."""


def caller_key() -> str:
    """Whom a request counts against; the address is the socket's, never a header's."""
    principal = find_principal()
    return principal.id if principal else f"address:{request.remote_addr}"


limiter = Limiter(
    caller_key, default_limits=[DEFAULT], headers_enabled=True, strategy="moving-window"
)


def limit(rule: str) -> Callable[[View], View]:
    """An extra, tighter limit on one route, for instance ``"10 per minute"``."""
    return cast("Callable[[View], View]", limiter.limit(rule, override_defaults=False))
