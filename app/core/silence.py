"""A server that takes what it is sent and says nothing more: waited for a while, then given up.

The kernel of a hung server acknowledges for it, so no timeout of the network notices, and timeouts
of statements are the server's own to keep.
"""

from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import PQGen
from typing_extensions import override

SILENT = "the server has been silent for too long"
LOOK_SECONDS_MAX = 5
Value = TypeVar("Value")


class BoundedConnection(psycopg.Connection[Any]):
    """Closes itself when the server is silent, and raises: what was sent may yet be done.

    For statements that the server itself bounds, more tightly than ``silence_seconds``.
    """

    silence_seconds = 12.0
    silences_max = 1

    @override
    def wait(self, gen: PQGen[Value], interval: float = 0.1, timeout: float | None = None) -> Value:
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        for silence in range(1, self.silences_max + 1):
            try:
                return super().wait(gen, interval, self.silence_seconds)
            except errors._WaitTimeout:  # noqa: SLF001 -- documented in `wait`, and exported nowhere
                if silence < self.silences_max and not self._is_server_there():
                    break
        self.close()
        raise psycopg.OperationalError(SILENT)

    def _is_server_there(self) -> bool:
        return False


class PatientConnection(BoundedConnection):
    """As long as the server answers somebody else, a statement may take a quarter of an hour.

    Nobody can tell a statement that works from the one process of a server that hangs alone.
    """

    silence_seconds = 20.0
    silences_max = 45

    @override
    def _is_server_there(self) -> bool:
        try:
            psycopg.connect(
                self.info.dsn, password=self.info.password, connect_timeout=LOOK_SECONDS_MAX
            ).close()
        except psycopg.OperationalError:
            return False
        return True
