"""The one owner of "now": everything else is given a clock."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """The present instant, aware UTC, to the microsecond."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The machine's time as aware UTC."""
        return datetime.now(UTC)  # noqa: TID251 -- this module owns the machine's clock


def iso_instant(instant: datetime) -> str:
    """The instant as ``YYYY-MM-DDTHH:MM:SS.ffffffZ`` (RFC 3339, always six fraction digits)."""
    if instant.tzinfo is None:
        msg = "an instant without a time zone has no meaning here"
        raise ValueError(msg)
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
