"""A witness over HTTP, and its command line: bounded against whoever calls, one route, one key."""

import http.client
import socket
import sqlite3
import threading
import time
from contextlib import suppress

import pytest
from counterfoil_verify.keys import parse_vkey
from counterfoil_verify.witness import server as witness_server
from counterfoil_verify.witness.cosigning import Witness
from counterfoil_verify.witness.requests import REQUEST_BYTES_MAX
from counterfoil_verify.witness.server import WitnessServer, serve_in_background
from counterfoil_verify.witness.store import WitnessStore
from counterfoil_verify.witness_cli import main

from tests.unit.verifier.test_witness import KEY
from tests.vectors.exchange import Exchange
from tests.vectors.witness_vectors import TIME, forked, request


@pytest.fixture
def witness(tmp_path, exchange):
    WitnessStore.create(tmp_path / "state.sqlite")
    store = WitnessStore(tmp_path / "state.sqlite")
    yield Witness(KEY, store, [parse_vkey(exchange.checkpoints.vkey)], now=lambda: TIME)
    store.close()


@pytest.fixture
def server(witness):
    made = WitnessServer(("127.0.0.1", 0), witness, prefix="/w1")
    stop = serve_in_background(made)
    yield made
    stop()


@pytest.fixture
def connection(server):
    made = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    yield made
    made.close()


def ask(connection, body, path="/w1/add-checkpoint", method="POST"):
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read().decode()


def test_requests_over_one_kept_connection(connection, exchange):
    assert ask(connection, request(exchange, 0, 5)) == (
        200,
        "text/plain; charset=utf-8",
        KEY.cosign(exchange.head_text(5).encode(), TIME),
    )
    assert ask(connection, request(exchange, 0, 9)) == (409, "text/x.tlog.size", "5\n")
    assert ask(connection, request(exchange, 5, 9))[0] == 200


def test_what_it_is_can_be_read(connection, exchange):
    status, _, body = ask(connection, None, "/w1/", "GET")
    assert (status, body) == (200, f"{KEY.public.text}\n{exchange.origin}\n")
    assert ask(connection, None, "/elsewhere", "GET")[0] == 404
    assert ask(connection, b"x", "/add-checkpoint")[0] == 404


def raw(server, data, *, wait=5.0):
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=wait) as sock:
        sock.sendall(data)
        return sock.recv(65536)


POST = b"POST /w1/add-checkpoint HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"", b"411"),
        (b"Content-Length: -1\r\n", b"411"),
        (b"Content-Length: 1e3\r\n", b"411"),
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"411"),
        (f"Content-Length: {REQUEST_BYTES_MAX + 1}\r\n".encode(), b"413"),
        (b"Content-Length: " + b"9" * 4000 + b"\r\n", b"413"),
    ],
)
def test_a_length_that_is_not_said_or_too_long_is_refused_unread(server, headers, status):
    assert raw(server, POST + headers + b"\r\n").split()[1] == status


def test_a_body_that_trickles_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(witness_server, "SECONDS_MAX", 0.5)
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as sock:
        sock.sendall(POST + b"Content-Length: 10000\r\n\r\n")
        ended = False
        while not ended and time.monotonic() - started < 20:
            try:
                sock.sendall(b"x")
                sock.settimeout(0.1)
                ended = sock.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                ended = True
    assert ended


def test_more_at_once_than_threads_is_turned_away(server, exchange, connection):
    idle = [
        socket.create_connection(("127.0.0.1", server.server_port))
        for _ in range(witness_server.AT_ONCE_MAX)
    ]
    time.sleep(0.3)  # the server's own pace in accepting them; too early only means fewer refused
    answer = raw(server, POST + b"\r\n")
    assert answer.split()[1] == b"503"
    for each in idle:
        each.close()
    until = time.monotonic() + 5
    status = 503
    while status == 503 and time.monotonic() < until:
        connection.close()
        with suppress(OSError):  # turned away while it was still sending
            status = ask(connection, request(exchange, 0, 5))[0]
    assert status == 200


def test_a_state_that_cannot_be_written_is_said_so(connection, witness, exchange, tmp_path):
    witness._store._connection.execute("PRAGMA busy_timeout = 50")
    holder = sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert ask(connection, request(exchange, 0, 5))[0] == 503
    holder.execute("ROLLBACK")
    holder.close()
    assert ask(connection, request(exchange, 0, 5))[0] == 200


def test_requests_at_once_over_http_leave_one_head(server, exchange):
    sizes = list(range(1, 14))

    def one(size):
        made = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        ask(made, request(exchange, 0, size))
        made.close()

    threads = [threading.Thread(target=one, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    known = server.witness._store.known(exchange.origin).head
    assert known.tree_size in sizes  # one came first; the others' old size was no longer true


# The command line


@pytest.fixture
def run(tmp_path, capsys):
    def call(command, *arguments):
        code = main([command, str(tmp_path / "w1"), *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def laid_out(folder, exchange, size):
    for name, data in exchange.export(size).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_from_a_key_to_a_cosignature_of_a_folder(run, tmp_path, exchange):
    code, vkey, _ = run("init", "--name", "witness.example/w1")
    assert code == 0
    assert parse_vkey(vkey.strip()).name == "witness.example/w1"
    assert (tmp_path / "w1" / "key.pem").stat().st_mode & 0o777 == 0o600
    trusting = ("--log", exchange.checkpoints.vkey)
    for size in (5, 9, 9, 14):
        place = laid_out(tmp_path / f"log-{size}", exchange, size)
        code, line, _ = run("cosign", place, *trusting)
        assert (code, line.startswith("— witness.example/w1 ")) == (0, True)
    code, shown, _ = run("show")
    assert (code, shown.splitlines()[1:]) == (0, [f"{exchange.origin} 14"])


def test_a_rollback_and_a_fork_are_refused_and_the_fork_is_shown(run, tmp_path, exchange):
    run("init", "--name", "w")
    trusting = ("--log", exchange.checkpoints.vkey)
    run("cosign", laid_out(tmp_path / "new", exchange, 9), *trusting)
    code, _, error = run("cosign", laid_out(tmp_path / "old", exchange, 5), *trusting)
    assert (code, "409" in error) == (1, True)
    code, _, error = run("cosign", laid_out(tmp_path / "fork", forked(9), 9), *trusting)
    assert (code, "409" in error) == (1, True)
    code, shown, _ = run("show")
    assert code == 1
    assert shown.count(exchange.origin) >= 3


def test_what_is_missing_is_said(run, tmp_path, exchange):
    assert run("show")[0] == 3
    assert run("init", "--name", "a b")[0] == 1
    assert run("init", "--name", "w")[0] == 0
    assert run("init", "--name", "w")[0] == 3
    assert run("serve", "--bind", "nowhere", "--log", exchange.checkpoints.vkey)[0] == 1
    assert run("serve")[0] == 1  # no log
    (tmp_path / "empty").mkdir()
    trusting = ("--log", exchange.checkpoints.vkey)
    assert run("cosign", tmp_path / "empty", *trusting)[0] == 3
    stranger = Exchange(origin="another.example/log/2026")
    stranger.append("listed", listing_code="LST-1")
    code, _, error = run("cosign", laid_out(tmp_path / "other", stranger, 1), *trusting)
    assert (code, "404" in error) == (1, True)
    (tmp_path / "w1" / "key.pem").write_text("no key")
    assert run("show")[0] == 3
