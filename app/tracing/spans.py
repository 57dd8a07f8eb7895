"""Spans of a share of what happens, sent to a collector; the one module that knows the SDK.

A span tells what was done and how long it took, never what was sent: no address of a client, no
parameter, key or body, and of an error its type alone. https://opentelemetry.io/docs/specs/otel/
"""

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import INVALID_SPAN, Link, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.contextvars import bound_contextvars

Facts = Mapping[str, str | int]
NO_FACTS: Facts = {}
CLOSE_SECONDS = 2.0
"""How long an end may take to send what waits."""
_DRAWN_BYTES = 4
SERVER, CLIENT, INTERNAL = SpanKind.SERVER, SpanKind.CLIENT, SpanKind.INTERNAL


class Span:
    """Something that is being done; where it is not of the share, what is noted goes nowhere."""

    __slots__ = ("_span",)

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, facts: Facts) -> None:
        """Add attributes, by the names of OpenTelemetry's conventions where they have one."""
        self._span.set_attributes(facts)

    def name(self, name: str) -> None:
        """Call it otherwise: what it is was not known at its beginning."""
        self._span.update_name(name)

    def answer(self, status: int, request_id: str) -> None:
        """It was answered, and by which name it stands in the log."""
        self.note({"http.response.status_code": status, "counterfoil.request_id": request_id})
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.fail(str(status))

    def fail(self, what: str) -> None:
        """It failed: the type of the error."""
        self._span.set_attribute("error.type", what)
        self._span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        """It is done."""
        self._span.end()


_UNSEEN = Span(INVALID_SPAN)


class Spans:
    """Begins spans. Sending has a thread and a bounded queue: what does not fit is dropped."""

    def __init__(
        self,
        service: str,
        collector_url: str,
        *,
        share: float,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """The SDK reads further settings, such as headers, itself (`OTEL_EXPORTER_OTLP_…`)."""
        self._entropy = entropy
        self._drawn_below = round(share * 2 ** (8 * _DRAWN_BYTES))
        self._provider = TracerProvider(
            ALWAYS_ON, Resource.create({SERVICE_NAME: service}), shutdown_on_exit=False
        )
        address = f"{collector_url.rstrip('/')}/v1/traces"
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(address)))
        self._tracer = self._provider.get_tracer("counterfoil")

    @contextmanager
    def root(
        self,
        name: str,
        kind: SpanKind = INTERNAL,
        facts: Facts = NO_FACTS,
        *,
        caller: str | None = None,
    ) -> Iterator[Span]:
        """The beginning of a trace, if it is of the share; its id is in the log's lines meanwhile.

        ``caller`` is a `traceparent` (W3C Trace Context) of somebody outside: linked to, never
        taken as the parent, or strangers would say what is traced.
        """
        if int.from_bytes(self._entropy(_DRAWN_BYTES), "big") >= self._drawn_below:
            yield _UNSEEN
            return
        span = self._tracer.start_span(name, Context(), kind, facts, _links(caller))
        with _within(span) as told, bound_contextvars(trace_id=current_trace_id()):
            yield told

    @contextmanager
    def part(self, name: str, kind: SpanKind = INTERNAL, facts: Facts = NO_FACTS) -> Iterator[Span]:
        """A part of what is being traced; nothing where nothing is."""
        if not trace.get_current_span().is_recording():
            yield _UNSEEN
            return
        with _within(self._tracer.start_span(name, None, kind, facts)) as told:
            yield told

    def begin(self, name: str, kind: SpanKind, facts: Facts = NO_FACTS) -> Span:
        """As `part`, of something that has no parts; whoever begins it ends it."""
        if not trace.get_current_span().is_recording():
            return _UNSEEN
        return Span(self._tracer.start_span(name, None, kind, facts))

    def close(self) -> None:
        """Send what waits, if the collector takes it soon."""
        # The library tries for as many times ten seconds as there are batches.
        ending = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        ending.start()
        ending.join(CLOSE_SECONDS)


def current_trace_id() -> str | None:
    """The trace of what is being done, in hexadecimal; None where it is not traced."""
    span = trace.get_current_span()
    return format(span.get_span_context().trace_id, "032x") if span.is_recording() else None


def current_span() -> Span:
    """What is being done."""
    return Span(trace.get_current_span())


@contextmanager
def _within(span: trace.Span) -> Iterator[Span]:
    told = Span(span)
    # The text of an exception may hold what was sent.
    with trace.use_span(
        span, end_on_exit=True, record_exception=False, set_status_on_exception=False
    ):
        try:
            yield told
        except Exception as error:
            told.fail(type(error).__name__)
            raise


def _links(caller: str | None) -> list[Link]:
    if caller is None:
        return []
    given = TraceContextTextMapPropagator().extract({"traceparent": caller}, Context())
    remote = trace.get_current_span(given).get_span_context()
    return [Link(remote)] if remote.is_valid else []
