"""Serves the chain's methods over loopback HTTP as JSON-RPC 2.0."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog
from typing_extensions import override

from contracts.rpc_methods import RpcError, RpcMethods

BODY_MAX = 1_048_576
BATCH_MAX = 100
CONNECTIONS_MAX = 64
IDLE_SECONDS = 60
_LOOPBACK = "127.0.0.1"
_PARSE_ERROR = {"code": -32700, "message": "the body is not JSON"}
_INVALID_REQUEST = {"code": -32600, "message": "not a JSON-RPC 2.0 request"}
_INTERNAL_ERROR = {"code": -32603, "message": "the chain failed; nothing was mined"}

_log = structlog.get_logger()


class RpcServer(ThreadingHTTPServer):
    """A server on the loopback address; one lock stands around the chain."""

    daemon_threads = True

    def __init__(self, port: int, methods: RpcMethods) -> None:
        self.methods = methods
        self.chain_lock = threading.Lock()
        self._places = threading.BoundedSemaphore(CONNECTIONS_MAX)
        super().__init__((_LOOPBACK, port), _Handler)

    @override
    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    @override
    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def answer(self, body: bytes) -> Any:
        """The response value to a request body."""
        try:
            request = json.loads(body)
        except (ValueError, RecursionError):
            return _response(None, error=_PARSE_ERROR)
        if isinstance(request, list) and 0 < len(request) <= BATCH_MAX:
            return [self._answer_one(each) for each in request]
        return self._answer_one(request)

    def _answer_one(self, request: Any) -> dict[str, Any]:
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            return _response(None, error=_INVALID_REQUEST)
        parameters = request.get("params", [])
        if not isinstance(parameters, list):
            return _response(request.get("id"), error=_INVALID_REQUEST)
        try:
            with self.chain_lock:
                result = self.methods.answer(request["method"], parameters)
        except RpcError as refusal:
            return _response(request.get("id"), error=refusal.value)
        except Exception:  # noqa: BLE001 -- one bad call must not end the chain's only process
            _log.exception("rpc_failed", method=request["method"][:80])
            return _response(request.get("id"), error=_INTERNAL_ERROR)
        return _response(request.get("id"), result=result)


def _response(request_id: Any, **outcome: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, **outcome}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    wbufsize = -1  # headers and body leave in one packet
    disable_nagle_algorithm = True
    server: RpcServer

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_MAX:
            self.close_connection = True
            self._send(413, b"")
            return
        answer = self.server.answer(self.rfile.read(int(length)))
        self._send(200, json.dumps(answer).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: callers log their own requests."""
