"""Days, months and years where the exchange is: one time zone, without summer time since 1991."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from sqlalchemy import ColumnElement, func, text

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
"""No zone database is needed."""


def day_of(at: datetime) -> date:
    """The calendar day of an instant."""
    return at.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """The midnight with which a day begins, as UTC."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def day_end(at: datetime) -> datetime:
    """The midnight that ends the day of an instant, as UTC."""
    return day_start(day_of(at) + timedelta(days=1))


def month_start(at: datetime) -> datetime:
    """The midnight with which the month of an instant begins, as UTC."""
    return day_start(day_of(at).replace(day=1))


def local_time(column: Any) -> ColumnElement[datetime]:
    """What the clock on the wall shows at the instants of a column, as a query reads it."""
    return func.timezone("UTC", column) + text("interval '8 hours'")
