"""What nobody foresaw is told alike in a view and behind it, and no more than is known."""

import json

import pytest
import structlog
from flask import Flask, request
from psycopg.errors import (
    AdminShutdown,
    ConnectionTimeout,
    DeadlockDetected,
    LockNotAvailable,
    OperationalError,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.errors import CounterfoilError, ErrorKind
from app.web import problems
from app.web.observability import configure_logs


class Foreseen(CounterfoilError):
    kind = ErrorKind.CONFLICT
    slug = "foreseen"
    title = "Foreseen"


FAULTS = {
    "unforeseen": RuntimeError("Key (email)=(somebody@example.cn)"),
    "crossed": DBAPIError("", {}, DeadlockDetected()),
    "foreseen": Foreseen("It was."),
    "refused": DBAPIError("", {}, ConnectionTimeout()),
    "lost": DBAPIError("", {}, OperationalError("the connection is lost")),
    "ended": DBAPIError("", {}, AdminShutdown()),
    "crowded": PoolTimeout(),
    "locked": DBAPIError("", {}, LockNotAvailable()),
}


@pytest.fixture
def logged(capsys, monkeypatch):
    kept = structlog.get_config()
    configure_logs("INFO")
    # A logger keeps what it was first used with: this one is fresh.
    monkeypatch.setattr(problems, "_log", structlog.get_logger("problems"))
    yield capsys.readouterr
    structlog.configure(**kept)


@pytest.fixture
def client():
    app = Flask("planted")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    problems.register(app)

    @app.get("/<place>/<fault>")
    def view(place, fault):
        if place == "view":
            raise FAULTS[fault]
        return "done"

    @app.after_request
    def hook(response):
        if request.view_args["place"] == "hook" and response.status_code == 200:
            raise FAULTS[request.view_args["fault"]]
        return response

    return app.test_client()


@pytest.mark.parametrize("place", ["view", "hook"])
@pytest.mark.parametrize(
    ("fault", "status", "slug"),
    [
        ("unforeseen", 500, "internal-error"),
        ("crossed", 503, "work-crossed"),
        ("foreseen", 409, "foreseen"),
        ("refused", 503, "database-unavailable"),
        ("lost", 503, "database-unavailable"),
        ("ended", 503, "database-unavailable"),
        ("crowded", 503, "database-unavailable"),
        ("locked", 500, "internal-error"),
    ],
)
def test_a_fault_is_told_by_what_it_is_wherever_it_happens(client, place, fault, status, slug):
    answer = client.get(f"/{place}/{fault}")
    assert (answer.status_code, answer.json["type"]) == (status, f"/problems#{slug}")


@pytest.mark.parametrize("place", ["view", "hook"])
def test_it_stands_in_the_structured_log_once_and_nowhere_else(client, logged, place):
    client.get(f"/{place}/unforeseen")
    written = logged()
    (line,) = written.out.splitlines()
    assert json.loads(line)["event"] == "unexpected error"
    assert written.err == ""


def test_nobody_is_told_that_nothing_happened_who_may_have_a_committed_answer(client):
    assert "not carried out" not in client.get("/hook/unforeseen").json["detail"]
