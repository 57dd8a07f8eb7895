"""CPU time that a server and PostgreSQL spend on a call, read from /proc (Linux).

Other programs on the machine lengthen every wait, but barely the time on the processor: these
figures say more about the code than a rate does.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")
MAIN_THREAD = "main"
REQUEST_THREADS = "tokio-rt-worker"
"""What the server calls the threads that run requests, and its own. An event loop runs them in the
main thread of its process, which does nothing where threads do."""


@dataclass
class Spent:
    """Nanoseconds on a processor: of request threads, a program's others, PostgreSQL."""

    requests: int = 0
    others: int = 0
    postgres: int = 0

    def __sub__(self, before: "Spent") -> "Spent":
        return Spent(
            self.requests - before.requests,
            self.others - before.others,
            self.postgres - before.postgres,
        )


@dataclass
class Meterstick:
    """Reads what a server's processes and PostgreSQL have spent so far."""

    server: int
    """Process id of the server; its children count too."""
    postmaster: int
    _gone: dict[int, int] = field(default_factory=dict)

    def read(self) -> Spent:
        """Everything since the processes began."""
        children = _children()
        spent = Spent()
        for process in _tree(self.server, children):
            for name, nanoseconds in _threads(process):
                if name in {REQUEST_THREADS, MAIN_THREAD}:
                    spent.requests += nanoseconds
                else:
                    spent.others += nanoseconds
        # A backend that ended between two readings must not take its time back.
        for process in _tree(self.postmaster, children):
            self._gone[process] = sum(nanoseconds for _, nanoseconds in _threads(process))
        spent.postgres = sum(self._gone.values())
        return spent


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            text = stat.read_text("utf-8", "replace")
        except OSError:
            continue
        found[int(text.rpartition(")")[2].split()[1])].append(int(stat.parent.name))
    return found


def _tree(root: int, children: dict[int, list[int]]) -> Iterable[int]:
    waiting = [root]
    while waiting:
        process = waiting.pop()
        yield process
        waiting += children.get(process, [])


def _threads(process: int) -> Iterable[tuple[str, int]]:
    for task in (PROC / str(process) / "task").glob("[0-9]*"):
        try:
            is_main = task.name == str(process)
            name = MAIN_THREAD if is_main else (task / "comm").read_text("utf-8").strip()
            yield name, int((task / "schedstat").read_text("utf-8").split()[0])
        except OSError:
            continue


def per_call(spent: Spent, calls: int) -> dict[str, float]:
    """Microseconds a call."""
    return {
        "request_threads": round(spent.requests / calls / 1000, 1),
        "other_threads": round(spent.others / calls / 1000, 1),
        "postgres": round(spent.postgres / calls / 1000, 1),
    }
