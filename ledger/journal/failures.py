"""What a run could not do: named in its row, and no reason to leave the rest undone."""

from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

NAMED_MAX = 100
"""Failures that a run names; it counts them all, and the worker's log names the rest."""


class Failing:
    """The columns of a run whose items may fail, each by itself."""

    failed_count: Mapped[int] = mapped_column(default=0)
    failures: Mapped[list[dict[str, Any]]] = mapped_column(default=list)

    def note_failure(self, subject_id: str, error: Exception) -> None:
        """Name what failed, and the error's kind: what it says may be somebody's own."""
        self.failed_count += 1
        if len(self.failures) < NAMED_MAX:
            failure = {"subject_id": subject_id, "error": type(error).__name__}
            self.failures = [*self.failures, failure]

    def forget_failures(self) -> None:
        """All is tried again."""
        self.failed_count, self.failures = 0, []
