"""Days of documents as instants: UTC days, and the last one counts."""

from datetime import UTC, date, datetime, time, timedelta


def day_begins(day: str) -> datetime:
    """The first instant of a day (YYYY-MM-DD)."""
    return datetime.combine(date.fromisoformat(day), time(), UTC)


def day_is_over(day: str) -> datetime:
    """The first instant after a day (YYYY-MM-DD)."""
    return day_begins(day) + timedelta(days=1)
