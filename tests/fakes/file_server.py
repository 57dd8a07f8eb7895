"""A supplier's file server on 127.0.0.1: serves ranges, and misbehaves as a test wants."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer:
    """``files`` by path; ``behave(handler, body)`` may answer in the usual one's place."""

    def __init__(self, files):
        self.files = files
        self.behave = None
        self.requests = []
        self.over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/packages"

    def stop(self):
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.requests.append((self.path, self.headers["Range"], dict(self.headers)))
                self.close_connection = True
                body = outer.files.get(self.path.removeprefix("/packages/"))
                if body is None:
                    send(self, 404, b"")
                elif outer.behave is not None:
                    outer.behave(self, body)
                else:
                    serve_range(self, body)

            def log_message(self, *args):
                pass

        return Handler


def serve_range(handler, body, *, sent=None):
    """The range that was asked for, or ``sent`` in place of its bytes."""
    first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers["Range"]).groups())
    if last >= len(body):
        send(handler, 416, b"", **{"Content-Range": f"bytes */{len(body)}"})
        return
    place = {"Content-Range": f"bytes {first}-{last}/{len(body)}"}
    send(handler, 206, body[first : last + 1] if sent is None else sent, **place)


def send(handler, status, body, *, length=None, **headers):
    """An answer with its length, the true one unless told otherwise."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)
