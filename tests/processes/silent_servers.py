"""PostgreSQL servers that hang: stopped whole, while their kernel goes on acknowledging."""

import os
import signal
from contextlib import contextmanager
from pathlib import Path


def _parent(pid):
    try:
        # After the name, which is in brackets and may hold anything: state and parent.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def processes_of(data):
    """The server's first process, and those that it began."""
    first = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [first, *(pid for pid in numbers if _parent(pid) == first)]


@contextmanager
def hanging(data):
    """The server hangs as long as the block lasts."""
    first, *_ = processes_of(data)
    os.kill(first, signal.SIGSTOP)  # so that it begins no other
    pids = processes_of(data)
    try:
        for pid in pids[1:]:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in reversed(pids):
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                continue
