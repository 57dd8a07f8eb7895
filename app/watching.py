"""Notices a process that runs and answers nobody, and gives it up in the end."""

import http.client
import threading
from collections.abc import Callable
from typing import Protocol

import structlog

ASK_SECONDS = 5
"""How long each question waits for its answer, and the pause before the next one."""
SAID_AFTER = 2
GIVEN_UP_AFTER = 12
"""Questions in a row without an answer: two minutes, of which none counts that we slept through."""

_log = structlog.get_logger("supervisor")


class Watch:
    """Asks in a thread of its own; whoever was given up is started again as one that died."""

    def __init__(
        self, child: str, is_silent: Callable[[], bool], give_up: Callable[[], None]
    ) -> None:
        self._child = child
        self._is_silent = is_silent
        self._give_up = give_up
        self._unanswered_count = 0

    def watch(self, stop: threading.Event) -> None:
        """Ask until told to stop."""
        while not stop.wait(ASK_SECONDS):
            try:
                self.look()
            except Exception:  # noqa: BLE001 -- the watch must outlive what it looks at
                _log.exception("cannot be looked at", child=self._child)

    def look(self) -> None:
        """Ask once."""
        if not self._is_silent():
            if self._unanswered_count >= SAID_AFTER:
                _log.warning("answers again", child=self._child)
            self._unanswered_count = 0
            return
        self._unanswered_count += 1
        if self._unanswered_count == SAID_AFTER:
            _log.error("silent", child=self._child)
        if self._unanswered_count == GIVEN_UP_AFTER:
            _log.error("given up", child=self._child, questions=GIVEN_UP_AFTER)
            self._give_up()
            self._unanswered_count = 0


class Served(Protocol):
    """A server that may be started again."""

    @property
    def process(self) -> object:
        """The one that was started last, or None."""
        ...


class Health:
    """Whether a server lets `/healthz` wait; one that never answered yet is still starting."""

    def __init__(self, host: str, port: int, within_seconds: float) -> None:
        self._address = (host, port)
        self.within_seconds = within_seconds
        self._answered_by: object = None

    def is_silent(self, child: Served) -> bool:
        """Ask once; whatever is answered counts, and so does a connection that is refused."""
        connection = http.client.HTTPConnection(*self._address, timeout=self.within_seconds)
        process = child.process
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except TimeoutError:
            return process is not None and process is self._answered_by
        except (OSError, http.client.HTTPException):
            return False  # nobody listens: it is starting, or has died, which others notice
        finally:
            connection.close()
        self._answered_by = process
        return False
