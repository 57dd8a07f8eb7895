"""A world on the real clock, over a real upstream, for tests that start server processes."""

import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest

from app import embedded_postgres
from app.core.clock import SystemClock
from app.core.db import make_engine
from app.core.ids import IdSource
from app.core.unit_of_work import UnitOfWorkFactory
from migrations.run import upgrade
from tests.factories.metering import World
from tests.fakes.upstream_server import UpstreamServer


@pytest.fixture
def metered_world(database_url, engine):
    clock = SystemClock()
    ids = IdSource(clock, random.Random(3).randbytes)  # noqa: S311 -- repeatable tests
    server = UpstreamServer()
    made = World(database_url, UnitOfWorkFactory(engine, clock, ids), clock, ids)
    made.publish(f"{server.url}/airports")
    yield made
    made.close()
    server.stop()


@pytest.fixture
def own_data():
    """Where a PostgreSQL of a test's own is. The server is another user, and may enter."""
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-tests-"))
    folder.chmod(0o755)
    yield folder / "postgres"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_world(own_data):
    """A world on a PostgreSQL of its own, which a test may kill or stop."""
    superuser = embedded_postgres.start(own_data)
    url = embedded_postgres.ensure_database(superuser, "own")
    upgrade(url)
    clock = SystemClock()
    ids = IdSource(clock, os.urandom)
    engine = make_engine(url)
    upstream = UpstreamServer()
    world = World(url, UnitOfWorkFactory(engine, clock, ids), clock, ids)
    world.publish(f"{upstream.url}/airports", timeout_ms=20_000)
    world.data, world.upstream = own_data, upstream
    yield world
    world.close()
    engine.dispose()
    upstream.stop()
    embedded_postgres.stop(own_data)
