"""Receivers on 127.0.0.1: one that answers as it is told, and one that speaks raw bytes."""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    """One message as it came."""

    path: str
    headers: dict
    body: bytes

    @property
    def message_id(self):
        return self.headers["webhook-id"]


class WebhookReceiver:
    """Keeps what it receives; ``answer(received)`` says the status, or (status, headers)."""

    def __init__(self, answer=lambda _received: 204, context=None):
        self.answer = answer
        self.received = []
        self.most_at_once = 0
        self._at_once = 0
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self):
        return self._server.server_port

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/hooks"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, count, seconds=20):
        """The messages once there are as many; fails when they do not come."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.received) >= count, seconds)
            assert came, f"{len(self.received)} of {count} messages came"
            return list(self.received)

    def _take(self, received):
        with self._changed:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self.received.append(received)
            self._changed.notify_all()
        try:
            answer = self.answer(received)
        finally:
            with self._changed:
                self._at_once -= 1
        return answer if isinstance(answer, tuple) else (answer, {})

    def _handler(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, more = outer._take(Received(self.path, headers, body))
                with suppress(OSError):
                    self.send_response(status)
                    for name, value in more.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *args):
                pass

        return Handler


def hang(connection):
    """Say nothing until the other side goes away, however much of its request comes late."""
    while connection.recv(4096):
        pass


class RawReceiver:
    """Accepts connections, reads a request, and lets ``speak(connection)`` do the rest."""

    def __init__(self, speak):
        self._speak = speak
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.connections_count = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def stop(self):
        self._listener.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections_count += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, suppress(OSError):
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536)
            self._speak(connection)
