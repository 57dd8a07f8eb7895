"""Answers recalls in a thread of its own: news of withdrawals do not wait for leases to go back."""

import threading
from collections.abc import Callable

import structlog

_log = structlog.get_logger("metering.recalls")
GiveBack = Callable[[frozenset[str]], None]


class RecallAnswers:
    """Gives back what is asked for, by kind of recall; what is asked twice goes back once."""

    def __init__(self, give_back: dict[str, GiveBack]) -> None:
        self._give_back = give_back
        self._asked: dict[str, set[str]] = {}
        self._is_closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="recalls", daemon=True)
        self._thread.start()

    def ask(self, kind: str, subjects: frozenset[str]) -> bool:
        """Have these given back, soon; False where ``kind`` is no recall."""
        if kind not in self._give_back:
            return False
        with self._changed:
            self._asked.setdefault(kind, set()).update(subjects)
            self._changed.notify()
        return True

    def _run(self) -> None:
        while (asked := self._next()) is not None:
            kind, subjects = asked
            try:
                self._give_back[kind](subjects)
            except Exception:  # noqa: BLE001 -- who asked asks again; the next one must be answered
                _log.exception("recall failed", kind=kind)

    def _next(self) -> tuple[str, frozenset[str]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._asked or self._is_closing)
            if self._is_closing:
                return None
            kind, subjects = self._asked.popitem()
            return kind, frozenset(subjects)

    def close(self) -> None:
        """Stop; what was not given back is when the keeper closes."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(5.0)
