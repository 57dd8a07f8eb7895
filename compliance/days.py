"""Days of documents as instants: days in Shanghai, and the last one counts."""

from datetime import date, datetime, timedelta

from app.core.exchange_calendar import day_of, day_start


def day_begins(day: str) -> datetime:
    """The first instant of a day (YYYY-MM-DD)."""
    return day_start(date.fromisoformat(day))


def day_is_over(day: str) -> datetime:
    """The first instant after a day (YYYY-MM-DD)."""
    return day_start(date.fromisoformat(day) + timedelta(days=1))


def day_at(at: str) -> str:
    """The day (YYYY-MM-DD) of an instant in ISO 8601; such days compare as text."""
    return day_of(datetime.fromisoformat(at)).isoformat()
