"""Clocks that a test moves: one that stands, and one that goes on by itself."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)


class FixedClock:
    """Answers the same instant until told otherwise."""

    def __init__(self, instant: datetime = START) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant

    def advance(self, *, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)

    def set(self, instant: datetime) -> None:
        self.instant = instant


class GoingClock:
    """The machine's clock, moved forwards by whatever a test has let pass.

    For whole exchanges, whose people and threads live in the machine's time.
    """

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, *, seconds: float) -> None:
        self._ahead += timedelta(seconds=seconds)
