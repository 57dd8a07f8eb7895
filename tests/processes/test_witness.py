"""A witness as a process of its own, killed with -9 at any moment: never two histories."""

import http.client
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from counterfoil_verify.keys import Keyring, parse_vkey
from counterfoil_verify.notes import open_checkpoint
from counterfoil_verify.witness.store import WitnessStore

from tests.vectors.exchange import Exchange
from tests.vectors.witness_vectors import forked, request

pytestmark = pytest.mark.processes
ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "counterfoil_verify.witness_cli"]


def run(*arguments):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=ROOT / "verifier",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Served:
    """`counterfoil-witness serve` on a port of its own."""

    def __init__(self, folder, log_key):
        self._command = [*COMMAND, "serve", folder, "--bind", "127.0.0.1:0", "--log", log_key]
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            self._command, cwd=ROOT / "verifier", stdout=subprocess.PIPE, text=True
        )
        self.vkey = self.process.stdout.readline().strip()
        self.port = int(self.process.stdout.readline().rsplit(" ", 1)[1])

    def ask(self, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", "/add-checkpoint", body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def exchange():
    made = Exchange()
    for number in range(200):
        made.append("listed", listing_code=f"LST-{number}")
    return made


@pytest.fixture
def served(tmp_path, exchange):
    folder = tmp_path / "w1"
    assert run("init", folder, "--name", "witness.example/w1").returncode == 0
    made = Served(folder, exchange.checkpoints.vkey)
    yield made
    made.kill()


def test_it_serves_until_it_is_told_to_stop(served, exchange):
    status, line = served.ask(request(exchange, 0, 5))
    assert status == 200
    trusted = Keyring(
        checkpoint=(parse_vkey(exchange.checkpoints.vkey),), witnesses=(parse_vkey(served.vkey),)
    )
    note = exchange.checkpoint(5) + line.encode()
    assert open_checkpoint(note, trusted).witnesses == ("witness.example/w1",)
    served.process.terminate()
    assert served.process.wait(10) == 0


class Pusher(threading.Thread):
    """A log that asks for cosignatures of ever larger heads, as a log's keeper does."""

    def __init__(self, served, log, cosigned):
        super().__init__()
        self.served, self.log, self.cosigned, self.size = served, log, cosigned, 0
        self.is_refused = False

    def run(self):
        while self.size < 200 and not self.is_refused:
            with suppress(OSError, http.client.HTTPException):
                self.push(min(self.size + 7, 200))
            time.sleep(0.01)

    def push(self, size):
        status, body = self.served.ask(request(self.log, self.size, size))
        self.is_refused = status == 422  # the other history won
        if status == 200:
            self.cosigned.append((self.log, size))
            self.size = size
        elif status == 409:
            self.size = int(body)


def test_killed_at_any_moment_it_never_goes_back_and_never_cosigns_a_fork(
    served, exchange, tmp_path
):
    """Two histories of one log race for its cosignature while it is killed again and again."""
    cosigned = []
    logs = [Pusher(served, log, cosigned) for log in (exchange, forked(200))]
    for log in logs:
        log.start()
    for number in range(8):
        time.sleep(0.1 + 0.03 * number)  # another instant of its work each time
        served.kill()
        served.start()
    for log in logs:
        log.join(60)
        assert not log.is_alive()
    sizes = [size for _, size in cosigned]
    assert len({id(log) for log, _ in cosigned}) == 1
    assert sizes == sorted(sizes)
    store = WitnessStore(tmp_path / "w1" / "state.sqlite")
    assert store.known(exchange.origin).head.tree_size >= sizes[-1]
    store.close()


def test_two_processes_on_one_state_are_one_witness(served, exchange, tmp_path):
    """A second server, and the one-shot command, on the same folder: one history all the same."""
    second = Served(tmp_path / "w1", exchange.checkpoints.vkey)
    assert served.ask(request(exchange, 0, 50))[0] == 200
    assert second.ask(request(forked(60), 0, 60)) == (409, "50\n")
    assert second.ask(request(exchange, 50, 90))[0] == 200
    assert served.ask(request(exchange, 50, 70)) == (409, "90\n")
    second.kill()
    log = tmp_path / "log"
    for name, data in exchange.export(120).items():
        path = log / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    done = run("cosign", tmp_path / "w1", log, "--log", exchange.checkpoints.vkey)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("— witness.example/w1 ")
    assert served.ask(request(exchange, 90, 200)) == (409, "120\n")


def test_the_console_script_is_named_in_the_package():
    text = (ROOT / "verifier" / "pyproject.toml").read_text(encoding="utf-8")
    assert 'counterfoil-witness = "counterfoil_verify.witness_cli:main"' in text
