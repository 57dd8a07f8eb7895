"""Requests of the control plane, traced: route, status, and the statements they wait for."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Response, request
from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext
from structlog.contextvars import bind_contextvars

from app.tracing.spans import CLIENT, SERVER, Spans, current_span, current_trace_id
from app.web.observability import METHODS
from app.web.request_context import request_id

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
STATEMENT_LENGTH_MAX = 2_000


def trace_requests(app: Flask, spans: Spans) -> None:
    """Trace a share of the application's requests."""
    inner: WsgiApplication = app.wsgi_app

    def traced(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        known = method if method in METHODS else "_OTHER"
        caller = environ.get("HTTP_TRACEPARENT")
        with spans.root(known, SERVER, {"http.request.method": known}, caller=caller):
            return inner(environ, start_response)

    @app.before_request
    def bind() -> None:
        trace_id = current_trace_id()
        if trace_id is not None:  # a request begins with nothing bound
            bind_contextvars(trace_id=trace_id)

    @app.after_request
    def note(response: Response) -> Response:
        span, rule = current_span(), request.url_rule
        if rule is not None:  # the rule, not the path: paths carry ids
            span.name(f"{request.method} {rule.rule}")
            span.note({"http.route": rule.rule})
        span.answer(response.status_code, request_id())
        return response

    app.wsgi_app = traced  # type: ignore[method-assign] # Flask's own way to put something around it


def trace_statements(engine: Engine, spans: Spans) -> None:
    """Make each statement a part of what it is executed for; its parameters are not told."""

    @event.listens_for(engine, "before_cursor_execute")
    def begin(
        _connection: object,
        _cursor: object,
        statement: str,
        _parameters: object,
        context: Any,
        _is_many: bool,  # noqa: FBT001 -- the order is SQLAlchemy's
    ) -> None:
        facts = {"db.system.name": "postgresql", "db.query.text": statement[:STATEMENT_LENGTH_MAX]}
        context.traced = spans.begin(statement.split(maxsplit=1)[0].upper(), CLIENT, facts)

    @event.listens_for(engine, "after_cursor_execute")
    def end(*of_statement: Any) -> None:
        of_statement[4].traced.end()

    @event.listens_for(engine, "handle_error")
    def end_failed(failure: ExceptionContext) -> None:
        traced = getattr(failure.execution_context, "traced", None)
        if traced is not None:
            traced.fail(type(failure.original_exception).__name__)
            traced.end()
