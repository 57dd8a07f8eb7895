"""The room's tables can be taken away and made again."""

import psycopg
import pytest
from sqlalchemy import inspect

from app import embedded_postgres
from app.core.db import make_engine
from migrations.run import downgrade, upgrade

TABLES = {"listings", "listing_words", "product_versions", "orders", "agreements"}


@pytest.fixture
def bare_url(postgres):
    """A database with the room's own migrations and those before it."""
    name = "test_listings_round_trip"
    yield embedded_postgres.ensure_database(postgres, name)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _tables(url):
    engine = make_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_the_tables_go_and_come_back(bare_url):
    upgrade(bare_url, "0004_orders")
    assert _tables(bare_url) >= TABLES
    downgrade(bare_url, "0002_accounts")
    assert not _tables(bare_url) & TABLES
    upgrade(bare_url, "0004_orders")
    assert _tables(bare_url) >= TABLES
