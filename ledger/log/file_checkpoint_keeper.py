"""Checkpoint keeper over a folder: one file an origin, replaced atomically, never by a smaller."""

import contextlib
import hashlib
import os
from pathlib import Path

from ledger.log.checkpoints import parse_checkpoint
from ledger.log.notes import parse_note


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
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(origin)
        fresh = path.with_suffix(f".{os.getpid()}")
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        _sync_folder(self._folder)

    def _path(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:16]}.checkpoint"


def _size(note: str) -> int:
    return parse_checkpoint(parse_note(note.encode()).text).tree_size


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
