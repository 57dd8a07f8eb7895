"""Checkpoint keeper over a folder: one file an origin, replaced atomically, never by a smaller."""

import contextlib
import hashlib
from pathlib import Path

from app.core.durable_files import replace_text
from ledger.log.tree.checkpoints import parse_checkpoint
from ledger.log.tree.notes import parse_note


class FileCheckpointKeeper:
    """Keeps the newest checkpoint of each origin in a folder outside the database's backup."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self, origin: str) -> str | None:
        """The kept note; what is in it is judged by the caller."""
        with contextlib.suppress(FileNotFoundError):
            return self._path(origin).read_text(encoding="utf-8")
        return None

    def keep(self, origin: str, text: str) -> None:
        """Replace the kept note durably, unless it is of a larger tree."""
        kept = self.newest(origin)
        if kept is not None and _size(kept) >= _size(text):
            return
        replace_text(self._path(origin), text)

    def _path(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:16]}.checkpoint"


def _size(note: str) -> int:
    return parse_checkpoint(parse_note(note.encode()).text).tree_size
