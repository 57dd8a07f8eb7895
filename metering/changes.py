"""Listens for announced changes (LISTEN/NOTIFY) and tells the caches; misses nothing unnoticed."""

import selectors
import socket
import threading
from collections.abc import Callable

import psycopg
import structlog
from psycopg import sql

from metering.connections import Connect, open_connection
from metering.fences import CHANNEL, read_message

_log = structlog.get_logger("metering.changes")


class ChangeListener:
    """A thread with a connection of its own."""

    def __init__(
        self,
        connect: Connect,
        *,
        on_change: Callable[[str, frozenset[str]], None],
        on_gap: Callable[[], None],
    ) -> None:
        self._connect = connect
        self._on_change = on_change
        self._on_gap = on_gap
        self._stop = threading.Event()
        self._waking, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="changes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening, at once."""
        self._stop.set()
        self._waking.close()
        self._thread.join(5.0)

    def _run(self) -> None:
        with self._woken:
            self._listen_until_stopped()

    def _listen_until_stopped(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                _log.warning("listening again", error=type(error).__name__)
                self._stop.wait(0.5)
            except Exception:  # noqa: BLE001 -- without this thread only the fence notices changes
                _log.exception("listener failed")
                self._stop.wait(0.5)

    def _listen(self) -> None:
        with open_connection(self._connect) as connection, selectors.DefaultSelector() as selector:
            for readable in (connection, self._woken):
                selector.register(readable, selectors.EVENT_READ)
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            # Whatever was announced before this moment was missed.
            self._on_gap()
            while not self._stop.is_set():
                for notice in connection.notifies(timeout=0):
                    kind, subjects = read_message(notice.payload)
                    if kind:
                        self._on_change(kind, frozenset(subjects))
                selector.select()
