"""Scrub cursor over a folder: one small file an origin; a lost one begins the round again."""

import contextlib
import hashlib
from pathlib import Path

from app.core.durable_files import replace_text


class FileScrubCursor:
    """Remembers across restarts how far a round has come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, origin: str) -> int:
        """The number of the next level 0 tile; 0 when nothing is known."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return max(0, int(self._path(origin).read_text(encoding="ascii")))
        return 0

    def keep(self, origin: str, number: int) -> None:
        """Remember it; not synced, because a lost one costs a round and nothing else."""
        replace_text(self._path(origin), str(number), is_synced=False)

    def _path(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:16]}.scrub"
