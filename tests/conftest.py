"""Fixtures: a real PostgreSQL per session, a fresh migrated database per test that wants one."""

import gc
import itertools
import json
import logging
import os
import random
import shutil
import tempfile
from pathlib import Path

import hypothesis
import psycopg
import pytest
import structlog
from argon2 import PasswordHasher
from sqlalchemy.engine import Engine

from app import embedded_postgres
from app.accounts import argon2_passwords
from app.core.db import make_engine
from app.core.events import Event
from app.core.ids import IdSource
from app.core.memory import YOUNG_MAX
from app.core.unit_of_work import UnitOfWorkFactory
from app.factory import build_parts, create_control_plane
from app.settings import from_environment
from migrations.run import upgrade
from tests import once_a_process
from tests.fakes.clock import FixedClock

hypothesis.settings.register_profile("dev", max_examples=50, deadline=None)
# The gate must say the same twice; exploring is what the other profiles are for.
hypothesis.settings.register_profile(
    "ci", max_examples=200, deadline=None, derandomize=True, database=None
)
hypothesis.settings.register_profile("nightly", max_examples=20_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# Unconfigured, structlog draws every exception with its locals: slow, and nobody reads it here.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

# Most of what an exchange with its people costs a test is the time that a thief shall lose.
USUAL_PASSWORDS = argon2_passwords._USUAL
argon2_passwords._USUAL = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

once_a_process.compile_statements_once()
once_a_process.compile_rules_once()

MEMORY = Path("/dev/shm")
MEMORY_BYTES_LEAST = 4 * 2**30

_numbers = itertools.count()


def pytest_collection_finish():
    # As a serving process does: modules and what was collected stay to the end, and are many.
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 20, 20)


@pytest.fixture(scope="session")
def postgres():
    """The superuser URL of a PostgreSQL server that lives as long as the session."""
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-tests-", dir=_memory()))
    folder.chmod(0o755)
    url = embedded_postgres.start(folder / "postgres")
    _forget_about_power_cuts(url)
    yield url
    embedded_postgres.stop(folder / "postgres")
    shutil.rmtree(folder, ignore_errors=True)


def _memory():
    """A folder in memory, where one has room: a database is copied there in a fifth of the time."""
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_BYTES_LEAST:
        return MEMORY
    return None


def _forget_about_power_cuts(url):
    # A killed process loses nothing without fsync, only a machine that loses its power does; no
    # test cuts the power, and databases are made ten times faster.
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="session")
def template_database(postgres):
    """The name of a migrated database that the tests' own are copied from."""
    upgrade(embedded_postgres.ensure_database(postgres, "template_counterfoil"))
    return "template_counterfoil"


@pytest.fixture
def database_url(postgres, template_database):
    """The application's URL of a fresh, migrated database."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    yield embedded_postgres.ensure_database(postgres, name, template=template_database)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def engine(database_url):
    """A SQLAlchemy engine on the fresh database."""
    made: Engine = make_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def clock():
    """A clock that stands at 2026-11-20T08:00:00Z until moved."""
    return FixedClock()


@pytest.fixture
def ids(clock):
    """Ids that are the same in every run."""
    return IdSource(clock, random.Random(20262).randbytes)  # noqa: S311 -- the same ids in every run


class RecordingUnits(UnitOfWorkFactory):
    """Units of work whose only reaction is to remember the events."""

    def __init__(self, engine, clock, ids):
        self.events: list[Event] = []
        super().__init__(engine, clock, ids, _RememberAll(self.events))


class _RememberAll(dict):
    def __init__(self, events):
        super().__init__()
        self._events = events

    def get(self, _key, _default=None):
        return (lambda _uow, event: self._events.append(event),)


@pytest.fixture
def units(engine, clock, ids):
    """Units of work without reactions; `units.events` lists what was recorded."""
    return RecordingUnits(engine, clock, ids)


@pytest.fixture
def settings(database_url, tmp_path):
    """Settings of a development installation on the fresh database."""
    return _settings(database_url, tmp_path)


def _settings(database_url, folder):
    return from_environment(
        {
            "DATABASE_URL": database_url,
            "COUNTERFOIL_VAR": str(folder),
            "COUNTERFOIL_SECRET": "the same secret in every test of a session",
            "COUNTERFOIL_UPSTREAM_NETWORKS": "127.0.0.0/8",
            "COUNTERFOIL_LOG_LEVEL": "ERROR",
        }
    )


@pytest.fixture
def parts(settings, clock):
    """What a process builds once, on the standing clock, with every reaction."""
    built = build_parts(settings, clock=clock)
    yield built
    built.engine.dispose()


@pytest.fixture
def app(parts):
    """The whole control plane."""
    return create_control_plane(parts)


@pytest.fixture
def client(app):
    """A client of the control plane."""
    return app.test_client()


@pytest.fixture(scope="session")
def served_document(postgres, template_database, tmp_path_factory):
    """The OpenAPI document as it is served: the code's alone, whatever is in the database."""
    url = embedded_postgres.ensure_database(postgres, "described", template=template_database)
    parts = build_parts(_settings(url, tmp_path_factory.mktemp("described")))
    answer = create_control_plane(parts).test_client().get("/docs/openapi.json")
    parts.engine.dispose()
    return answer.data


@pytest.fixture
def document(served_document):
    """The OpenAPI document, for this test to read or change."""
    return json.loads(served_document)
