"""A fault that nobody foresaw is logged whole, without anything that somebody sent or stored."""

import errno
import json
import sys

import pytest
import structlog

from app.web.observability import configure_logs


@pytest.fixture
def logged(capsys):
    kept = structlog.get_config()
    configure_logs("INFO")

    def read():
        (line,) = capsys.readouterr().out.splitlines()
        return line

    yield read
    structlog.configure(**kept)


def sign_in(password):
    raise RuntimeError(len(password))


def test_the_frames_are_there_and_none_of_what_they_held(logged):
    try:
        sign_in("correct horse battery staple")
    except RuntimeError as error:
        structlog.get_logger("faults").error("unexpected error", exc_info=error)
    line = logged()
    (link,) = json.loads(line)["exception"]
    assert [frame["name"] for frame in link["frames"]][-1] == "sign_in"
    assert (link["exc_type"], link["exc_value"]) == ("RuntimeError", "28")
    assert "horse" not in line


def test_what_the_database_says_of_a_row_is_left_out(logged):
    said = (
        "duplicate key value violates unique constraint\n"
        "DETAIL:  Key (email)=(somebody@supplier.example) already exists.\n"
        "CONTEXT:  COPY people, line 1: somebody@supplier.example\n"
        "[SQL: INSERT INTO people]"
    )
    structlog.get_logger("faults").error("unexpected error", exc_info=ValueError(said))
    line = logged()
    (link,) = json.loads(line)["exception"]
    assert link["exc_value"].splitlines() == [
        "duplicate key value violates unique constraint",
        "[SQL: INSERT INTO people]",
    ]
    assert "somebody" not in line


def test_a_line_without_a_fault_stays_as_it_is(logged):
    structlog.get_logger("faults").info("request", status=200, token="cfk_secret")
    line = json.loads(logged())
    assert (line["status"], line["token"], "exception" in line) == (200, "…", False)


@pytest.mark.usefixtures("logged")
@pytest.mark.parametrize("failing", ["write", "flush"])
def test_a_line_for_which_the_disk_has_no_room_is_lost_and_fails_nothing(
    capsys, monkeypatch, failing
):
    def refuse(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(sys.stdout, failing, refuse)
        structlog.get_logger("faults").error("lost")
    structlog.get_logger("faults").error("there is room again")
    last = capsys.readouterr().out.splitlines()[-1]
    assert json.loads(last)["event"] == "there is room again"
