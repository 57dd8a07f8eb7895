"""Keeps the embedded chain's keys and values in one SQLite file, a whole block at a time."""

import sqlite3
from pathlib import Path

from eth.db.backends.base import BaseDB
from typing_extensions import override


class ChainStore(BaseDB):
    """A key-value store whose writes wait in memory until `persist` makes them durable together.

    A block is dozens of keys. They become durable in one SQLite transaction (WAL, synchronous
    FULL), so a process killed at any instant leaves either the whole block or nothing of it.
    """

    def __init__(self, file: Path) -> None:
        self._waiting: dict[bytes, bytes | None] = {}
        self._connection = sqlite3.connect(
            file, check_same_thread=False, isolation_level=None, timeout=10
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS entries"
            " (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"
        )

    @override
    def __getitem__(self, key: bytes) -> bytes:
        value = self._waiting[key] if key in self._waiting else self._stored(key)
        if value is None:
            raise KeyError(key)
        return value

    @override
    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._waiting[key] = bytes(value)

    @override
    def __delitem__(self, key: bytes) -> None:
        self._waiting[key] = None

    def _exists(self, key: bytes) -> bool:
        if key in self._waiting:
            return self._waiting[key] is not None
        return self._stored(key) is not None

    def persist(self) -> None:
        """Make every waiting write durable, all or none."""
        if not self._waiting:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._write_waiting()
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # some failures have ended it already
                self._connection.execute("ROLLBACK")
            raise
        self._waiting.clear()

    def discard(self) -> None:
        """Forget the waiting writes; what is durable stays as it was."""
        self._waiting.clear()

    def close(self) -> None:
        """Release the file; waiting writes are forgotten."""
        self.discard()
        self._connection.close()

    def _write_waiting(self) -> None:
        written = [(key, value) for key, value in self._waiting.items() if value is not None]
        removed = [(key,) for key, value in self._waiting.items() if value is None]
        self._connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?)", written)
        self._connection.executemany("DELETE FROM entries WHERE key = ?", removed)

    def _stored(self, key: bytes) -> bytes | None:
        row = self._connection.execute(
            "SELECT value FROM entries WHERE key = ?", (bytes(key),)
        ).fetchone()
        return None if row is None else bytes(row[0])
