"""A clock that stands until it is moved."""

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
