"""Real HTTP servers on the loopback address: a log's files, and an EVM node that answers JSON."""

import gzip
import json
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

TOKEN = "auditor-token"


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def log_site(files, asked=None, *, is_gzipped=False, busy=0):
    """A log under /log; entries want the auditor's token; the first `busy` answers are 429."""
    counts = asked if asked is not None else Counter()

    class LogHandler(Quiet):
        def do_GET(self):
            counts["all"] += 1
            if counts["all"] <= busy:
                return self.answer(429, Retry_After="0")
            name = self.path.removeprefix("/log/")
            is_private = name.startswith("tile/entries/")
            if is_private and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self.answer(403)
            if name not in files:
                return self.answer(404)
            if is_gzipped:
                body = gzip.compress(files[name])
                return self.answer(200, body, Content_Encoding="gzip")
            return self.answer(200, files[name])

    return serving(LogHandler)


def node(answers):
    """An EVM node: method -> result, or a function of the parameters."""

    class NodeHandler(Quiet):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            result = {"eth_blockNumber": "0x9", **answers}.get(request["method"])
            if callable(result):
                result = result(*request["params"])
            document = {"jsonrpc": "2.0", "id": request["id"], "result": result}
            self.answer(200, json.dumps(document).encode())

    return serving(NodeHandler)


def speaking(status, body, **headers):
    """A server that says the same to everything."""

    class SameHandler(Quiet):
        def do_GET(self):
            self.answer(status, body, **headers)

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(status, body, **headers)

    return serving(SameHandler)
