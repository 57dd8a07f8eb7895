"""Fixtures: a migrated database on which only the tables' own rules are asked."""

import pytest

from tests.factories.bare_rows import without_neighbours


@pytest.fixture
def bare(postgres, database_url):
    with without_neighbours(postgres, database_url) as connection:
        yield connection
        connection.rollback()
