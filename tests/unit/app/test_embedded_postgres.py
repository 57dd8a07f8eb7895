"""A PostgreSQL that does not come up is waited for within a bound, and said."""

import os
import time
from types import SimpleNamespace

import pytest

from app import embedded_postgres
from app.embedded_postgres import NotStarted


@pytest.fixture
def data(tmp_path, monkeypatch):
    """The folder of a server whose programs do nothing."""
    folder = tmp_path / "postgres"
    folder.mkdir()
    (folder / "PG_VERSION").touch()
    monkeypatch.setattr(embedded_postgres._library(), "pgexec", lambda *_args, **_options: "")
    return folder


def note(data, status):
    """A running server, as it notes itself."""
    lines = (os.getpid(), data, 0, 5432, "/tmp", "", "0 0", status)
    (data / "postmaster.pid").write_text("\n".join(map(str, lines)), encoding="ascii")


def test_a_server_that_ended_as_it_came_up_is_not_waited_for_without_end(data):
    with pytest.raises(NotStarted, match="postgres/log"):
        embedded_postgres.start(data, within_seconds=0)


def test_a_process_that_has_a_dead_server_s_number_is_no_server(data):
    note(data, "ready")
    assert not embedded_postgres.is_running(data)
    with pytest.raises(NotStarted):  # its programs do nothing here
        embedded_postgres.start(data, within_seconds=0)


def test_a_server_that_recovers_is_waited_for(data, monkeypatch):
    monkeypatch.chdir(data)
    note(data, "starting")
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _seconds: note(data, "ready"))
    monkeypatch.setattr(embedded_postgres, "time", clock)
    assert embedded_postgres.start(data) == "postgresql://postgres:@/postgres?host=/tmp"
