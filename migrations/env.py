"""Alembic's environment: the URL is given by the caller, never read from the environment."""

from alembic import context
from sqlalchemy import create_engine, text

from app.core.db import as_sqlalchemy_url

LOCK = 20_263
"""Advisory lock: two processes that start at once migrate once."""


def run() -> None:
    """Migrate inside one transaction, as the exchange."""
    engine = create_engine(as_sqlalchemy_url(context.config.attributes["database_url"]))
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        connection.execute(text("SELECT set_config('counterfoil.reach', 'exchange', false)"))
        connection.commit()
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.commit()
    engine.dispose()


run()
