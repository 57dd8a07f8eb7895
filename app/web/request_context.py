"""The request's id, its log fields and its line in the structured log."""

import re
import time

import structlog
from flask import Flask, Response, current_app, g, request

from app.core.ids import IdSource

HEADER = "X-Request-Id"
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)

_log = structlog.get_logger("http")


def request_id() -> str:
    """The id of this request: the caller's if it is well-formed, else our own."""
    return str(g.get("request_id", "unknown"))


def _choose(ids: IdSource) -> str:
    offered = request.headers.get(HEADER, "")
    return offered if _ACCEPTABLE.fullmatch(offered) else ids.new("req")


def register(app: Flask, ids: IdSource) -> None:
    """Bind the id before anything else, log one line after everything else."""

    @app.before_request
    def begin() -> None:
        g.request_id = _choose(ids)
        g.started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)

    @app.after_request
    def finish(response: Response) -> Response:
        response.headers[HEADER] = request_id()
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        rule = request.url_rule.rule if request.url_rule else "unmatched"
        _log.info(
            "request",
            method=request.method,
            rule=rule,  # the rule, not the path: paths carry ids
            status=response.status_code,
            milliseconds=round(seconds * 1000, 2),
            principal=getattr(g.get("principal"), "id", None),
        )
        current_app.extensions["counterfoil.metrics"].observe(
            request.method, rule, response.status_code, seconds
        )
        return response
