"""What a witness must never forget: the last head that it cosigned of each log, on disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from counterfoil_verify.errors import NotChecked
from counterfoil_verify.merkle import EMPTY_ROOT, Head

STEP = "state"
_APPLICATION_ID = 0x63667769  # "cfwi"
EVIDENCE_MAX = 1_000
_TABLES = """
CREATE TABLE heads (
    origin TEXT PRIMARY KEY NOT NULL,
    tree_size INTEGER NOT NULL,
    root_hash BLOB NOT NULL,
    note BLOB NOT NULL,
    cosigned_at INTEGER NOT NULL
) STRICT;
CREATE TABLE evidence (
    origin TEXT NOT NULL,
    reason TEXT NOT NULL,
    known_note BLOB NOT NULL,
    offered_note BLOB NOT NULL,
    offered_at INTEGER NOT NULL,
    UNIQUE (origin, reason, known_note, offered_note)
) STRICT;
"""


class KnownHead(NamedTuple):
    """The last head that was cosigned, and the note that carried it."""

    head: Head
    note: bytes


NOTHING = KnownHead(Head(0, EMPTY_ROOT), b"")


class Evidence(NamedTuple):
    """Two notes of one log that do not go together, and how they were found not to."""

    origin: str
    reason: str
    known_note: bytes
    offered_note: bytes
    offered_at: int


class WitnessStore:
    """One SQLite file; every head is on the disk before anybody hears of its cosignature."""

    def __init__(self, path: Path) -> None:
        # A lost state must not look like a fresh one: only `create` makes the file.
        try:
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=30,
                isolation_level=None,
                check_same_thread=False,
            )
            (kind,) = self._connection.execute("PRAGMA application_id").fetchone()
        except sqlite3.Error as error:
            raise NotChecked(STEP, f"{path} cannot be opened: {error}") from error
        if kind != _APPLICATION_ID:
            self._connection.close()
            raise NotChecked(STEP, f"{path} is no witness's state")
        self._connection.execute("PRAGMA synchronous = FULL")

    @classmethod
    def create(cls, path: Path) -> None:
        """Make an empty state; NotChecked where something is already."""
        if path.exists():
            raise NotChecked(STEP, f"{path} is there already")
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(
                f"BEGIN; {_TABLES} PRAGMA application_id = {_APPLICATION_ID}; COMMIT;"
            )
        finally:
            connection.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """A transaction that overlaps no other, in this process or another; durable at its end."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def known(self, origin: str) -> KnownHead:
        """The last cosigned head of a log; the empty tree's for one that never was."""
        row = self._connection.execute(
            "SELECT tree_size, root_hash, note FROM heads WHERE origin = ?", (origin,)
        ).fetchone()
        return NOTHING if row is None else KnownHead(Head(row[0], bytes(row[1])), bytes(row[2]))

    def remember(self, origin: str, head: Head, note: bytes, at: int) -> None:
        """Replace the last cosigned head; never by a smaller one."""
        self._connection.execute(
            "INSERT INTO heads VALUES (?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET"
            " tree_size = excluded.tree_size, root_hash = excluded.root_hash,"
            " note = excluded.note, cosigned_at = excluded.cosigned_at"
            " WHERE excluded.tree_size >= tree_size",
            (origin, head.tree_size, head.root_hash, note, at),
        )

    def keep_evidence(self, evidence: Evidence) -> None:
        """Keep what speaks against a log, once, up to a bound."""
        (count,) = self._connection.execute("SELECT count(*) FROM evidence").fetchone()
        if count < EVIDENCE_MAX:
            self._connection.execute(
                "INSERT OR IGNORE INTO evidence VALUES (?, ?, ?, ?, ?)", evidence
            )

    def evidence(self) -> list[Evidence]:
        """Everything that speaks against a log, oldest first."""
        rows = self._connection.execute("SELECT * FROM evidence ORDER BY rowid")
        return [
            Evidence(origin, reason, bytes(known), bytes(offered), at)
            for origin, reason, known, offered, at in rows
        ]

    def origins(self) -> list[str]:
        """The logs that were ever cosigned."""
        return [row[0] for row in self._connection.execute("SELECT origin FROM heads ORDER BY 1")]
