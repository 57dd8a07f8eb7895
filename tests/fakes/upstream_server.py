"""A real HTTP upstream on 127.0.0.1 whose answers a test decides by path and parameters."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

AIRPORTS = {
    "PVG": {"iata": "PVG", "name": "Shanghai Pudong", "lat": "31.1434", "secret_note": "internal"},
    "SHA": {
        "iata": "SHA",
        "name": "Shanghai Hongqiao",
        "lat": "31.1979",
        "secret_note": "internal",
    },
    "PEK": {"iata": "PEK", "name": "北京首都", "lat": "40.0801", "secret_note": "internal"},
}


class UpstreamServer:
    """Counts what it is asked; ``behaviour`` may replace an answer: (status, body) or an action."""

    def __init__(self):
        self.requests = []
        self.behaviour = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path, parameters):
        if path == "/rows":
            return 200, {"items": [AIRPORTS["PVG"]] * int(parameters.get("count", 1))}
        if path == "/slow":
            time.sleep(float(parameters.get("seconds", 2)))
        if path == "/coded":
            return 200, {"code": parameters.get("code", "01"), "name": "n"}
        found = AIRPORTS.get(parameters.get("iata", ""))
        return (200, found) if found else (404, {"error": "no such airport"})

    def _handler(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_GET(self):
                self._answer(dict(parse_qsl(urlsplit(self.path).query)))

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._answer(json.loads(body))

            def _answer(self, parameters):
                path = urlsplit(self.path).path
                outer.requests.append((self.command, path, parameters, dict(self.headers)))
                behaviour = outer.behaviour
                if behaviour is not None:
                    answer = behaviour(self, parameters)
                    if answer is None:
                        self.close_connection = True
                        return
                else:
                    answer = outer.answer(path, parameters)
                status, document = answer
                body = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        return Handler
