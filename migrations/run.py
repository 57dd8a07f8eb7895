"""Upgrade and downgrade from code."""

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the schema to ``revision``; doing it twice changes nothing."""
    if revision == "head" and _revision_of(database_url) == newest_revision():
        return
    from alembic import command  # noqa: PLC0415 -- every process asks, few have to migrate

    command.upgrade(_config(database_url), revision)


def downgrade(database_url: str, revision: str = "base") -> None:
    """Take the schema back to ``revision``."""
    from alembic import command  # noqa: PLC0415 -- as above

    command.downgrade(_config(database_url), revision)


def newest_revision() -> str:
    """The last migration by its number: files are named as their revisions, in one row."""
    return max(each.stem for each in (_FOLDER / "versions").glob("[0-9]*.py"))


def _config(database_url: str) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 -- as above

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["database_url"] = database_url
    return config


def _revision_of(database_url: str) -> str | None:
    """Where the schema stands."""
    with psycopg.connect(database_url) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else str(row[0])
