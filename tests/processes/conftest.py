"""A world on the real clock, over a real upstream, for tests that start server processes."""

import random

import pytest

from app.core.clock import SystemClock
from app.core.ids import IdSource
from app.core.unit_of_work import UnitOfWorkFactory
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
