"""Notices an embedded database that runs and answers nobody, and gives it up in the end."""

import threading
from collections.abc import Callable

import structlog

ASK_SECONDS = 5
"""How long each question waits for its answer, and the pause before the next one."""
SAID_AFTER = 2
GIVEN_UP_AFTER = 12
"""Questions in a row without an answer: two minutes, of which none counts that we slept through."""

_log = structlog.get_logger("supervisor")


class DatabaseWatch:
    """Asks in a thread of its own; whoever was given up is started again as one that died."""

    def __init__(self, is_silent: Callable[[], bool], give_up: Callable[[], None]) -> None:
        self._is_silent = is_silent
        self._give_up = give_up
        self._unanswered_count = 0

    def watch(self, stop: threading.Event) -> None:
        """Ask until told to stop."""
        while not stop.wait(ASK_SECONDS):
            try:
                self.look()
            except Exception:  # noqa: BLE001 -- the watch must outlive what it looks at
                _log.exception("the database cannot be looked at")

    def look(self) -> None:
        """Ask once."""
        if not self._is_silent():
            if self._unanswered_count >= SAID_AFTER:
                _log.warning("answers again", child="postgres")
            self._unanswered_count = 0
            return
        self._unanswered_count += 1
        if self._unanswered_count == SAID_AFTER:
            _log.error("silent", child="postgres")
        if self._unanswered_count == GIVEN_UP_AFTER:
            _log.error("given up", child="postgres", questions=GIVEN_UP_AFTER)
            self._give_up()
            self._unanswered_count = 0
