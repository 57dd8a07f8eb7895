"""The data plane's slow thread: keeps lanes alive, gives idle ones back, writes counts."""

import threading
from collections.abc import Callable

import structlog

_log = structlog.get_logger("metering.housekeeping")


class Housekeeping:
    """Runs chores every so often; one that fails is tried again the next time."""

    def __init__(self, chores: tuple[Callable[[], None], ...], *, every_seconds: float) -> None:
        self._chores = chores
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(self._every_seconds):
            self.run_once()

    def run_once(self) -> None:
        """Do every chore now."""
        for chore in self._chores:
            try:
                chore()
            except Exception:  # noqa: BLE001 -- the next chore and the next round must come
                _log.exception("chore failed")

    def close(self) -> None:
        """Stop, then do every chore a last time."""
        self._stop.set()
        self._thread.join(10.0)
        self.run_once()
