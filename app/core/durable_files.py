"""Files that are there as a whole or not at all, and on the disk when it is said so."""

import os
import threading
from pathlib import Path


def replace_text(path: Path, text: str, *, is_synced: bool = True) -> None:
    """Write the text aside and move it there; synced, it is on the disk when this returns.

    Any number of processes and threads may do so at once, also for other files of the folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_native_id()}")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        if is_synced:
            file.flush()
            os.fsync(file.fileno())
    fresh.replace(path)
    if is_synced:
        sync_folder(path.parent)


def write_synced(path: Path, data: bytes) -> None:
    """Write a new file; it is on the disk when this returns, and named once its folder is."""
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
