"""Upgrade and downgrade from code."""

from functools import cache
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


def _config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the schema to ``revision``; doing it twice changes nothing."""
    if revision != "head" or _revision_of(database_url) != _head():
        command.upgrade(_config(database_url), revision)


@cache
def _head() -> str | None:
    return ScriptDirectory(str(Path(__file__).parent)).get_current_head()


def _revision_of(database_url: str) -> str | None:
    """Where the schema stands; every process asks at its start, few have to migrate."""
    with psycopg.connect(database_url) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else str(row[0])


def downgrade(database_url: str, revision: str = "base") -> None:
    """Take the schema back to ``revision``."""
    command.downgrade(_config(database_url), revision)
