"""A witness over HTTP: one route, bounded in size, time and number of requests at once."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from counterfoil_verify.witness.cosigning import TEXT, Witness, WitnessAnswer
from counterfoil_verify.witness.requests import REQUEST_BYTES_MAX

SECONDS_MAX = 10.0
AT_ONCE_MAX = 64
_PORTION = 8_192
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class WitnessServer(ThreadingHTTPServer):
    """Serves `POST <prefix>/add-checkpoint` (C2SP tlog-witness)."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], witness: Witness, *, prefix: str = "") -> None:
        super().__init__(address, _Handler)
        self.witness = witness
        self.path = f"{prefix.rstrip('/')}/add-checkpoint"
        self.permits = threading.BoundedSemaphore(AT_ONCE_MAX)

    def process_request(self, request: Any, client_address: Any) -> None:  # type: ignore[explicit-override] # typing has it from 3.12 on
        """Turn away what is too much instead of taking another thread for it."""
        if not self.permits.acquire(blocking=False):
            with suppress(OSError):
                request.sendall(_BUSY)
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # type: ignore[explicit-override] # as above
        """Give the permit back, however it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.permits.release()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SECONDS_MAX
    server: WitnessServer

    def do_POST(self) -> None:
        if self.path != self.server.path:
            self._answer(WitnessAnswer(404, TEXT, "POST …/add-checkpoint\n"))
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()) or "Transfer-Encoding" in self.headers:
            self._close_with(WitnessAnswer(411, TEXT, "say the length\n"))
            return
        if len(length) > len(str(REQUEST_BYTES_MAX)) or int(length) > REQUEST_BYTES_MAX:
            self._close_with(WitnessAnswer(413, TEXT, f"at most {REQUEST_BYTES_MAX} bytes\n"))
            return
        body = self._read(int(length))
        if body is None:
            self.close_connection = True
            return
        try:
            answer = self.server.witness.add_checkpoint(body)
        except sqlite3.Error:
            # A full disk, a locked file: nothing was promised, and the log may ask again.
            answer = WitnessAnswer(503, TEXT, "the state cannot be written\n")
        self._answer(answer)

    def do_GET(self) -> None:
        known = "".join(f"{origin}\n" for origin in self.server.witness.origins)
        text = f"{self.server.witness.key.public.text}\n{known}"
        is_root = self.path == self.server.path.removesuffix("add-checkpoint")
        self._answer(WitnessAnswer(200, TEXT, text) if is_root else WitnessAnswer(404, TEXT, "\n"))

    def _read(self, length: int) -> bytes | None:
        """The body within its time as a whole, however slowly it trickles in."""
        until = time.monotonic() + SECONDS_MAX
        body = b""
        try:
            while len(body) < length:
                self.connection.settimeout(max(until - time.monotonic(), 0.001))
                portion = self.rfile.read1(min(_PORTION, length - len(body)))
                if not portion or time.monotonic() > until:
                    return None
                body += portion
        except OSError:
            return None
        return body

    def _close_with(self, answer: WitnessAnswer) -> None:
        """The body was not read, so nothing more can come over this connection."""
        self.close_connection = True
        self._answer(answer)

    def _answer(self, answer: WitnessAnswer) -> None:
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, _format: str, *_args: object) -> None:  # type: ignore[explicit-override] # as above
        """Requests are answered, not talked about."""


def serve_in_background(server: WitnessServer) -> Callable[[], None]:
    """Serve from a thread; call what is returned to stop."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
