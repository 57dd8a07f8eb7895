"""The data plane's own database connections: few, bounded, replaced when they break."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]
Connect = Callable[[], Connection]

# The data plane serves every organisation and knows its callers by their key alone, so its
# connections carry the exchange's reach for as long as they live; nothing but this room's own
# statements ever runs on them. A commit that is answered for must be on the disk, whatever the
# server's default says; and a stuck transaction elsewhere may hold calls up only for a moment.
PREPARE = """
SELECT set_config('counterfoil.reach', 'exchange', false),
       set_config('counterfoil.organisation', '', false),
       set_config('synchronous_commit', 'on', false),
       set_config('timezone', 'UTC', false),
       set_config('lock_timeout', '2000', false),
       set_config('statement_timeout', '10000', false)
"""

AWAY_SECONDS = 1.0
"""After a connection that could not be opened, for how long nobody else tries."""
AWAY = "the database could not be reached just now"


def open_connection(connect: Connect) -> Connection:
    """A connection of the data plane; it leaves no transaction open."""
    connection = connect()
    connection.autocommit = True
    connection.prepare_threshold = 1
    connection.execute(PREPARE)
    return connection


class Connections:
    """Lends connections to request threads; at most ``size`` exist."""

    def __init__(self, connect: Connect, *, size: int) -> None:
        self._connect = connect
        self._idle: list[Connection] = []
        self._permits = threading.BoundedSemaphore(size)
        self._away_until = float("-inf")

    @contextmanager
    def transaction(self, *, is_flushed: bool = True) -> Iterator[Connection]:
        """One short transaction, committed at the end of the block, rolled back on an error.

        Not flushed, it is on the disk with the next transaction that is: for what nobody relies on
        before that. https://www.postgresql.org/docs/current/wal-async-commit.html
        """
        with self.single() as connection, connection.transaction():
            if not is_flushed:
                connection.execute("SET LOCAL synchronous_commit = off")
            yield connection

    @contextmanager
    def single(self) -> Iterator[Connection]:
        """For one statement, a transaction by itself: a third of the way to the database."""
        with self._permits:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def _take(self) -> Connection:
        with suppress(IndexError):
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        if time.monotonic() < self._away_until:
            raise psycopg.OperationalError(AWAY)
        try:
            return open_connection(self._connect)
        except psycopg.OperationalError:
            # A hung server takes seconds to be given up: calls in line must not take as long each.
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise

    def _give_back(self, connection: Connection) -> None:
        if connection.closed or connection.broken:
            connection.close()
            self.close()  # what ended it has ended the others, too
        else:
            self._idle.append(connection)

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()
