"""Fixtures: a migrated database on which only the tables' own rules are asked."""

import psycopg
import pytest

from tests.factories.bare_rows import without_neighbours
from tests.factories.books_in_sql import opened_books


@pytest.fixture
def bare(postgres, database_url):
    with without_neighbours(postgres, database_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def connect(database_url):
    """Opens connections of the application's role with the exchange's reach."""
    opened = []

    def connection():
        opened.append(psycopg.connect(database_url, options="-c counterfoil.reach=exchange"))
        return opened[-1]

    yield connection
    for each in opened:
        each.close()


@pytest.fixture
def books(connect):
    """A buyer with 100 in its wallet and a supplier with an empty one, committed."""
    return opened_books(connect())
