"""A transaction in one round trip: its statements are sent together, and answered together.

psycopg's pipeline looks for answers after every statement, each time with a wait at the socket and
another for the interpreter's lock. Here what is said is collected first, and waited for once. What
must be undone in between raises in the database: the rest is skipped, and nothing is written.
https://www.postgresql.org/docs/current/libpq-pipeline-mode.html
"""

import re
import select
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer

from app.core.silence import SILENT

SILENCE_SECONDS_MAX = 12.0
"""How long the server is waited for; longer than any statement of a transaction may take."""
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?s")
LOST = "the connection is lost"
Parameters = Sequence[Any] | Mapping[str, Any]


class Statements(Protocol):
    """Where statements go whose answers nobody reads: a cursor, or a `Transaction`."""

    def execute(self, query: Any, params: Any = None, /) -> object:
        """Have the statement run; it raises here, or when the transaction is sent."""
        ...


class Transaction:
    """What one transaction says, in order."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Parameters]] = []

    def execute(self, query: str, params: Parameters | None = None, /) -> None:
        """Say one more statement."""
        self.said.append((query, () if params is None else params))


class RoundTrips:
    """One connection (in autocommit), its prepared statements, and the sending of transactions."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self.connection = connection
        self._transformer = Transformer(connection)
        self._names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self._arrivals = select.poll()
        self._arrivals.register(connection.pgconn.socket, select.POLLIN)

    def run(self, transaction: Transaction, said: Callable[[], None] = lambda: None) -> None:
        """Send everything and commit; raises `psycopg.Error` with nothing written.

        ``said`` is called when every statement is through and only the disk is waited for. After
        an `OperationalError` that closed the connection the outcome is not known; a server that
        is silent for `SILENCE_SECONDS_MAX` ends so.
        """
        ready = [
            self._prepared("BEGIN", ()),
            *(self._prepared(query, parameters) for query, parameters in transaction.said),
            self._prepared("COMMIT", ()),
        ]
        connection = self.connection.pgconn
        connection.enter_pipeline_mode()
        try:
            for name, values, formats in ready[:-1]:
                connection.send_query_prepared(name, values, formats)
            # Else the server keeps its answers to itself until the commit is on the disk.
            connection.send_flush_request()
            connection.send_query_prepared(*ready[-1])
            connection.pipeline_sync()
            self._flush()
            refused = self._receive(len(ready) - 1, said)
        finally:
            if connection.status == pq.ConnStatus.OK:
                connection.exit_pipeline_mode()
        if refused is not None:
            self.connection.rollback()
            raise psycopg.errors.error_from_result(refused)

    def _prepared(
        self, query: str, parameters: Parameters
    ) -> tuple[bytes, Sequence[Any], Sequence[pq.Format]]:
        text, names = _numbered(query)
        given = (
            [parameters[name] for name in names] if isinstance(parameters, Mapping) else parameters
        )
        transformer = self._transformer
        values = transformer.dump_sequence(given, [PyFormat.BINARY] * len(given))
        types, formats = transformer.types or (), transformer.formats or ()
        name = self._names.get((query, types))
        if name is None:
            name = b"round_trip_%d" % len(self._names)
            self.connection.pgconn.send_prepare(name, text, types)
            self._flush()
            prepared = self._result()
            while self._result() is not None:
                pass
            if prepared is not None and prepared.status != pq.ExecStatus.COMMAND_OK:
                raise psycopg.errors.error_from_result(prepared)
            self._names[query, types] = name
        return name, values, formats

    def _flush(self) -> None:
        """Send what waits; answers are taken meanwhile, or both sides would wait for ever."""
        connection = self.connection.pgconn
        ready = select.poll()
        ready.register(connection.socket, select.POLLIN | select.POLLOUT)
        while connection.flush():
            if any(event & ~select.POLLOUT for event in self._events(ready)):
                connection.consume_input()

    def _receive(self, statements: int, said: Callable[[], None]) -> pq.abc.PGresult | None:
        """Wait for every answer; the first refusal, if there is one."""
        refused: pq.abc.PGresult | None = None
        answered = 0
        while True:
            result = self._result()
            if result is None:
                # The end of one statement's answers.
                answered += 1
                if answered == statements and refused is None:
                    said()
                continue
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return refused
            if result.status == pq.ExecStatus.FATAL_ERROR:
                refused = refused or result

    def _result(self) -> pq.abc.PGresult | None:
        connection = self.connection.pgconn
        while connection.is_busy():
            self._events(self._arrivals)
            connection.consume_input()
        result = connection.get_result()
        if connection.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError(LOST)
        return result

    def _events(self, awaited: "select.poll") -> list[int]:
        """What happened at the socket; a server that does nothing for so long is given up."""
        events = awaited.poll(SILENCE_SECONDS_MAX * 1000)
        if not events:
            self.connection.close()
            raise psycopg.OperationalError(SILENT)
        return [event for _, event in events]


@lru_cache(maxsize=256)
def _numbered(query: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement with numbered parameters, and the names that it had for them."""
    names = [match.group(1) for match in _PLACEHOLDER.finditer(query)]
    distinct = tuple(dict.fromkeys(name for name in names if name))
    numbers = iter(range(1, len(names) + 1))

    def number(match: "re.Match[str]") -> str:
        name = match.group(1)
        return f"${distinct.index(name) + 1 if name else next(numbers)}"

    return _PLACEHOLDER.sub(number, query).encode(), distinct
