"""A machine that is short of memory or room for a while loses none of the supervised processes."""

import os
import signal
import socket
import sys

import pytest

import app.supervisor
from app.settings import from_environment
from app.supervisor import Child, Supervisor
from app.watching import GIVEN_UP_AFTER, Health
from demo.installation import free_port
from tests.factories.waiting import wait_until

PROGRAM = "#!/bin/sh\nexec sleep 600\n"
IDLE = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def supervisor(tmp_path, port):
    made = Supervisor(
        from_environment(
            {
                "COUNTERFOIL_BIND": f"127.0.0.1:{port}",
                "COUNTERFOIL_VAR": str(tmp_path / "var"),
                "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
            }
        )
    )
    yield made
    for child in made._children:
        child.stop()


def noted(tmp_path):
    return (tmp_path / "var" / "processes").read_text(encoding="ascii").splitlines()


def test_a_child_that_cannot_be_started_holds_up_no_other_and_is_tried_again(supervisor, tmp_path):
    program = tmp_path / "program"
    late, sound = Child("late", [str(program)]), Child("sound", IDLE)
    supervisor._children = [late, sound]
    supervisor._revive()
    assert (late.is_dead, sound.is_dead) == (True, False)
    assert noted(tmp_path) == [f"sound {sound.process.pid}"]
    program.write_text(PROGRAM, encoding="ascii")
    program.chmod(0o755)
    supervisor._revive()
    assert (late.is_dead, sound.is_dead) == (False, False)
    assert sound.starts_count == 1
    assert noted(tmp_path) == [f"late {late.process.pid}", f"sound {sound.process.pid}"]


def test_a_child_that_died_and_cannot_be_started_is_no_process_any_more(supervisor, tmp_path):
    program = tmp_path / "program"
    program.write_text(PROGRAM, encoding="ascii")
    program.chmod(0o755)
    child = Child("late", [str(program)])
    supervisor._children = [child]
    supervisor._revive()
    child.stop()
    program.unlink()
    started_at = child.started_at
    supervisor._revive()
    # Its number may be another program's by the next try, which ends the group of that number.
    assert child.process is None
    assert child.started_at > started_at, "a start that fails is a short life"


def test_process_ids_that_cannot_be_written_stop_nothing(supervisor, tmp_path):
    (tmp_path / "var" / "processes").mkdir(parents=True)
    first, second = Child("first", IDLE), Child("second", IDLE)
    supervisor._children = [first, second]
    supervisor._revive()
    assert (first.is_dead, second.is_dead) == (False, False)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=60).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_gateway_that_hangs_is_given_up_and_started_again(supervisor, port, monkeypatch):
    web = Child("web", [sys.executable, "-m", "http.server", "-b", "127.0.0.1", str(port)])
    supervisor._children = [Child("worker", IDLE), web]
    supervisor._revive()
    health = Health("127.0.0.1", port, 60)
    monkeypatch.setattr(app.supervisor, "Health", lambda *_: health)
    (watch,) = supervisor._watches()
    wait_until(lambda: listens(port))
    watch.look()
    first = web.process
    os.kill(first.pid, signal.SIGSTOP)
    health.within_seconds = 0.1
    for _ in range(GIVEN_UP_AFTER - 1):
        watch.look()
    assert not web.is_dead
    watch.look()
    assert first.wait(60) == -signal.SIGKILL
    supervisor._revive()
    wait_until(lambda: listens(port))
    assert [child.starts_count for child in supervisor._children] == [1, 2]
