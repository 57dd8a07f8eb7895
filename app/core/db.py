"""The model base: constraint names by convention, aware UTC only, JSON as JSONB."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import DeadlockDetected, OperationalError
from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    LargeBinary,
    MetaData,
    Text,
    create_engine,
    event,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator
from typing_extensions import override

from app.core.silence import BoundedConnection, PatientConnection

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Instant(TypeDecorator[datetime]):
    """timestamptz that refuses a time without zone and always answers in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            msg = "an instant without a time zone cannot be stored"
            raise ValueError(msg)
        return value

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value if value is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of every model; tables are made by migrations only."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Instant(),
        str: Text(),
        int: BigInteger(),
        bytes: LargeBinary(),
        dict[str, Any]: JSONB(),
        dict[str, int]: JSONB(),
        dict[str, str]: JSONB(),
        list[dict[str, Any]]: JSONB(),
        list[str]: JSONB(),
    }


WAITS = {
    "connect_timeout": 5,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""How long a host that says nothing is waited for: seconds to connect, milliseconds until what was
sent is acknowledged; and seconds until it is asked whether it still lives, between such questions,
and how many. Without the first two a network that drops packets holds every thread for a quarter of
an hour; without the last three, a host that dies after it acknowledged holds it for two hours.
https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
"""


def waits(database_url: str) -> dict[str, int]:
    """What of `WAITS` the URL does not set itself, as arguments of a connection."""
    own = conninfo_to_dict(database_url)
    return {name: most for name, most in WAITS.items() if name not in own}


def with_waits(database_url: str) -> str:
    """The URL's own parameters and `waits`, as libpq reads them."""
    return make_conninfo(database_url, **waits(database_url))


def connect_bounded(database_url: str) -> BoundedConnection:
    """A connection for statements that the server bounds; one that says nothing is given up."""
    return BoundedConnection.connect(with_waits(database_url))


def make_engine(database_url: str, *, pool_size: int = 8) -> Engine:
    """A pooled engine over psycopg 3; the pool is bounded and checks a connection before use.

    A server that is silent, and to others too, is given up: else each thread waits for one that
    hangs until it goes on, and those that serve and work are few.
    """
    engine = create_engine(
        as_sqlalchemy_url(database_url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_timeout=10,
        # A failing statement is logged; its parameters carry hashes, addresses and ciphertexts.
        hide_parameters=True,
        connect_args={"options": "-c timezone=UTC -c lock_timeout=10000", **waits(database_url)},
    )
    event.listen(engine, "do_connect", _connect_patiently)
    return engine


def _connect_patiently(
    _dialect: Any, _record: Any, arguments: Sequence[Any], keywords: Mapping[str, Any]
) -> PatientConnection:
    return PatientConnection.connect(*arguments, **keywords)


def as_sqlalchemy_url(database_url: str) -> str:
    """The libpq URL with SQLAlchemy's driver name."""
    return database_url.replace("postgresql://", "postgresql+psycopg://", 1)


def was_crossed(error: BaseException) -> bool:
    """Whether the database undid the work because two waited for each other (SQLSTATE 40P01)."""
    return isinstance(error, DBAPIError) and isinstance(error.orig, DeadlockDetected)


def was_away(error: BaseException) -> bool:
    """Whether the database could not be reached, or was lost on the way (SQLSTATE class 57P, 08).

    What was lost in its commit may have been carried out.
    """
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError) or not isinstance(error.orig, OperationalError):
        return False
    state = error.orig.sqlstate
    return state is None or state.startswith(("57P", "08"))
