"""Every error leaves as an RFC 9457 problem document; the only place that knows statuses' names."""

from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException, InternalServerError

from app.core.db import was_away, was_crossed
from app.core.errors import CounterfoilError, DatabaseUnavailable, WorkCrossed
from app.web.request_context import request_id

CONTENT_TYPE = "application/problem+json"
TYPE_BASE = "/problems"

_log = structlog.get_logger(__name__)


def problem_document(
    *, status: int, slug: str | None, title: str, detail: str, instance: str, facts: dict[str, Any]
) -> dict[str, Any]:
    """The members of a problem; facts are extension members and never shadow the standard ones."""
    return {
        **facts,
        "type": f"{TYPE_BASE}#{slug}" if slug else "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
    }


def _respond(document: dict[str, Any], headers: dict[str, str]) -> Response:
    return Response(json.dumps(document), document["status"], headers, content_type=CONTENT_TYPE)


def _instance() -> str:
    return f"urn:request:{request_id()}"


def on_counterfoil_error(error: CounterfoilError) -> Response:
    """Our own facts."""
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="counterfoil"'
    document = problem_document(
        status=error.status,
        slug=error.slug,
        title=error.title,
        detail=error.detail,
        instance=_instance(),
        facts=error.facts,
    )
    return _respond(document, headers)


_KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate", "Accept", "Content-Range")


def _too_large() -> str:
    return f"At most {request.max_content_length} bytes are read."


def on_http_exception(error: HTTPException) -> Response:
    """Werkzeug's and flask-limiter's refusals (404, 405, 413, 415, 429 …), their headers kept."""
    status = error.code or 500
    offered = dict(error.get_headers(request.environ))
    headers = {name: offered[name] for name in _KEPT_HEADERS if name in offered}
    phrase = HTTPStatus(status).phrase
    details = {
        HTTPStatus.NOT_FOUND: "Nothing is at this address.",
        HTTPStatus.METHOD_NOT_ALLOWED: "This address knows other methods.",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: _too_large(),
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "Send the body as application/json.",
    }
    document = problem_document(
        status=status,
        slug="rate-limited" if status == HTTPStatus.TOO_MANY_REQUESTS else None,
        title=phrase,
        detail=details.get(HTTPStatus(status), phrase),
        instance=_instance(),
        facts={},
    )
    return _respond(document, headers)


def on_unexpected(error: BaseException) -> Response:
    """Whatever nobody foresaw: logged whole, told in one sentence."""
    if was_crossed(error):
        _log.warning("work crossed", exc_info=error)
        return on_counterfoil_error(WorkCrossed())
    if was_away(error):
        _log.error("database away", exc_info=error)
        return on_counterfoil_error(DatabaseUnavailable())
    _log.error("unexpected error", exc_info=error)
    document = problem_document(
        status=500,
        slug="internal-error",
        title="Something went wrong here",
        detail="Whether the request was carried out is not known here. Send it again under the same"
        " Idempotency-Key, or look what became of it; quote the instance when you report it.",
        instance=_instance(),
        facts={},
    )
    return _respond(document, {})


def on_internal_error(error: InternalServerError) -> Response:
    """What a view did not raise but a hook around it: the note of a reading, the commit."""
    original = error.original_exception or error
    if isinstance(original, CounterfoilError):
        return on_counterfoil_error(original)
    return on_unexpected(original)


def register(app: Flask) -> None:
    """Four handlers cover everything."""
    app.register_error_handler(CounterfoilError, on_counterfoil_error)
    app.register_error_handler(HTTPException, on_http_exception)
    app.register_error_handler(InternalServerError, on_internal_error)
    app.register_error_handler(Exception, on_unexpected)
    # Flask's own line would show the error whole, as the structured log does not (`observability`).
    app.logger.disabled = True
