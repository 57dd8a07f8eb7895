"""Chain nodes that the adapter tests run against: the embedded one, and anvil where it is found."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typing_extensions import override

from tests.unit.contracts.embedded import KEYS, STRANGER, begin_chain, served

_START_SECONDS = 20
_INSTALLED = Path(__file__).parent / "anvil" / "node_modules" / "@foundry-rs"


@contextlib.contextmanager
def embedded(directory, clock=None):
    """The address of an embedded chain."""
    chain = begin_chain(directory, clock)
    try:
        with served(chain) as url:
            yield url
    finally:
        chain.close()


@contextlib.contextmanager
def anvil():
    """The address of an anvil node that funds the exchange's accounts.

    Skips where it is absent, but not in the gate: there its absence is a failure.
    """
    program = _find_anvil()
    if program is None:
        missing = "anvil is not installed (make anvil; it needs npm)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    command = [program, "--port", str(port), "--silent", "--chain-id", "31337"]
    # Its own session: npm's anvil is a script that starts the real one as a child.
    with subprocess.Popen(command, start_new_session=True) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _await(url)
            for address in (*KEYS.addresses, STRANGER.address):
                rpc(url, "anvil_setBalance", address, hex(10**24))
            with _settled(url) as settled:
                yield settled
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def _settled(url):
    """The same node, answering a transaction when it is mined; on a busy machine it answers before.

    A node that does not mine by itself answers as it is.
    """

    class Relay(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = post(url, body)
            if b"eth_sendRawTransaction" in body and rpc(url, "anvil_getAutomine"):
                _await_block(url, json.loads(answer).get("result"))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        @override
        def log_message(self, *_):
            """Tests print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Relay) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _await_block(url, transaction):
    deadline = time.monotonic() + _START_SECONDS
    while transaction and not rpc(url, "eth_getTransactionReceipt", transaction):
        assert time.monotonic() < deadline, "the node mines by itself, and did not"
        time.sleep(0.005)


def _find_anvil():
    # The binary itself where the lock file put it: npm's launcher would need Node at run time too.
    installed = sorted(_INSTALLED.glob("anvil-*/bin/anvil"))
    return str(installed[0]) if installed else shutil.which("anvil")


def rpc(url, method, *parameters):
    """The result of a JSON-RPC call made without any client."""
    return rpc_answer(url, method, *parameters)["result"]


def rpc_answer(url, method, *parameters):
    """The whole answer of a JSON-RPC call made without any client."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
    return json.loads(post(url, json.dumps(body).encode()))


def post(url, body):
    """The body of the answer to raw bytes."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def _await(url):
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return rpc(url, "eth_chainId")
        time.sleep(0.02)
    raise TimeoutError(url)
