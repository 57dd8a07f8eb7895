"""A process that runs and answers nobody is told of, given up after a bound, and ended whole."""

import os
import signal
import socket
import subprocess
import threading
from types import SimpleNamespace

import pytest

from app import embedded_postgres, watching
from app.watching import GIVEN_UP_AFTER, SAID_AFTER, Health, Watch
from tests.factories.waiting import wait_until


@pytest.fixture
def said(monkeypatch):
    events = []
    log = SimpleNamespace(
        error=lambda event, **_facts: events.append(event),
        warning=lambda event, **_facts: events.append(event),
    )
    monkeypatch.setattr(watching, "_log", log)
    return events


def watched(answers):
    given_up = []
    watch = Watch("web", lambda: next(answers), lambda: given_up.append(1))
    return watch, given_up


def test_a_silence_is_told_once_and_its_end_too(said):
    watch, given_up = watched(iter([True] * (GIVEN_UP_AFTER - 1) + [False, False]))
    for _ in range(GIVEN_UP_AFTER + 1):
        watch.look()
    assert (said, given_up) == (["silent", "answers again"], [])


def test_one_question_without_an_answer_is_no_silence(said):
    watch, _ = watched(iter([True, False] * SAID_AFTER))
    for _ in range(2 * SAID_AFTER):
        watch.look()
    assert said == []


def test_whoever_is_silent_for_long_is_given_up_and_asked_anew(said):
    watch, given_up = watched(iter([True] * 2 * GIVEN_UP_AFTER))
    for _ in range(2 * GIVEN_UP_AFTER):
        watch.look()
    assert (said, len(given_up)) == (["silent", "given up"] * 2, 2)


def test_silence_is_a_server_that_runs_and_lets_nobody_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where its server works

    def note(pid):
        lines = (str(pid), str(tmp_path), "0", "5432", str(tmp_path), "")
        (tmp_path / "postmaster.pid").write_text("\n".join(lines), encoding="ascii")

    assert not embedded_postgres.is_silent(tmp_path, within_seconds=1)
    note(os.getpid())
    assert not embedded_postgres.is_silent(tmp_path, within_seconds=1), "nobody listens"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / ".s.PGSQL.5432"))
        server.listen(0)
        assert embedded_postgres.is_silent(tmp_path, within_seconds=1), "it says nothing"
        assert embedded_postgres.is_silent(tmp_path, within_seconds=1), "its line is full"


def test_a_server_that_was_stopped_is_ended_with_all_that_it_began(tmp_path):
    program = "sleep 600 & sleep 600 & wait"
    with subprocess.Popen(["/bin/sh", "-c", program], stdout=subprocess.PIPE) as server:
        wait_until(lambda: len(embedded_postgres._children(server.pid)) == 2)
        begun = embedded_postgres._children(server.pid)
        (tmp_path / "postmaster.pid").write_text(f"{server.pid}\n", encoding="ascii")
        for pid in (server.pid, *begun):
            os.kill(pid, signal.SIGSTOP)
        embedded_postgres.kill(tmp_path)
        assert server.wait(60) == -signal.SIGKILL
        assert server.stdout.read() == b"", "whoever began has ended, or this would wait"
    embedded_postgres.kill(tmp_path / "nothing")


@pytest.fixture
def web():
    """A server of HTTP: what to do with each question stands in ``answers``, in turn."""
    made = SimpleNamespace(answers=[])
    with socket.create_server(("127.0.0.1", 0)) as server:
        made.health, held = Health(*server.getsockname(), 60), []

        def serve():
            for answer in iter(lambda: made.answers.pop(0), None):
                asker, _ = server.accept()
                held.append(asker)
                asker.recv(1024)
                if answer:
                    asker.sendall(answer)
                    asker.close()

        made.serve = threading.Thread(target=serve, daemon=True).start
        yield made
    for asker in held:
        asker.close()


def test_a_gateway_that_lets_health_wait_is_silent_once_it_had_answered(web):
    said = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"
    web.answers += [b"", said, b"", b"", b"no HTTP at all\r\n\r\n", None]
    web.serve()
    first, second = object(), object()
    asked = [(first, 0.2), (first, 60), (first, 0.2), (second, 0.2), (first, 60)]
    found = []
    for process, web.health.within_seconds in asked:
        found.append(web.health.is_silent(SimpleNamespace(process=process)))
    # The next is starting; whoever says a word is not silent.
    assert found == [False, False, True, False, False]


def test_a_gateway_that_nobody_hears_is_not_silent_but_away():
    with socket.create_server(("127.0.0.1", 0)) as server:
        health = Health(*server.getsockname(), 60)
    assert not health.is_silent(SimpleNamespace(process=object()))
