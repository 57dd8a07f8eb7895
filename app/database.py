"""Where an installation's database is: the one that the settings name, or the embedded one."""

from app import embedded_postgres
from app.settings import Settings

DATABASE = "counterfoil"


def find_database(settings: Settings) -> str:
    """The database's URL: the given one, or the embedded server's, started or attached to."""
    if settings.database_url:
        return settings.database_url
    superuser = embedded_postgres.start(settings.var / "postgres")
    return embedded_postgres.ensure_database(superuser, DATABASE)
