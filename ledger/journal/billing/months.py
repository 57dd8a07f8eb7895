"""Calendar months of the exchange's place, as instants."""

import re
from datetime import UTC, datetime, timedelta

from app.core.exchange_calendar import SHANGHAI, month_start

_MONTH = re.compile(r"\A(20\d\d)-(0[1-9]|1[0-2])\Z", re.ASCII)


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """When ``2026-11`` begins and ends in Asia/Shanghai, as UTC; raises `ValueError`."""
    match = _MONTH.match(month)
    if match is None:
        raise ValueError(month)
    first = datetime(int(match[1]), int(match[2]), 1, tzinfo=SHANGHAI)
    return first.astimezone(UTC), _next_first(first).astimezone(UTC)


def month_of(at: datetime) -> str:
    """The month in which an instant lies in Asia/Shanghai."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m")


def month_before(at: datetime) -> str:
    """The last month that is over at the instant."""
    return month_of(month_start(at) - timedelta(seconds=1))


def month_after(month: str) -> str:
    """The month behind a month."""
    return month_of(month_bounds(month)[1])


def _next_first(first: datetime) -> datetime:
    # 31 days behind the first of a month is always in the next one.
    return (first + timedelta(days=31)).replace(day=1)
