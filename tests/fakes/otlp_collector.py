"""An OpenTelemetry collector on 127.0.0.1 that keeps what it is sent (OTLP over HTTP, protobuf)."""

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from typing_extensions import override

from tests.factories.waiting import wait_until


@dataclass(frozen=True)
class Told:
    """One span as it came; ids in hexadecimal, the parent of a root is empty."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    facts: dict
    links: list
    is_failed: bool


class Collector:
    """Keeps spans, and the bodies they came in."""

    def __init__(self):
        self.spans, self.bodies = [], []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def named(self, name):
        return [span for span in list(self.spans) if span.name == name]

    def wait_for(self, name, count=1, seconds=30.0):
        """The spans of a name, once there are so many."""
        wait_until(lambda: len(self.named(name)) >= count, seconds)
        return self.named(name)

    def parts_of(self, span):
        """What was traced as a part of it."""
        return [part for part in list(self.spans) if part.parent_id == span.span_id]

    def _keep(self, body):
        request = ExportTraceServiceRequest.FromString(body)
        for of_service in request.resource_spans:
            service = _facts(of_service.resource.attributes)["service.name"]
            for scope in of_service.scope_spans:
                self.spans += [_told(service, span) for span in scope.spans]
        self.bodies.append(body)

    def _handler(self):
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                found = self.path == "/v1/traces"
                if found:
                    collector._keep(body)
                self.send_response(200 if found else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            @override
            def log_message(self, *_):
                """Tests print nothing."""

        return Handler


def _told(service, span):
    return Told(
        service,
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _facts(span.attributes),
        [link.trace_id.hex() for link in span.links],
        is_failed=span.status.code == span.status.STATUS_CODE_ERROR,
    )


def _facts(attributes):
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
