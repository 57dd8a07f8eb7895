"""Days as commands take them: those of Shanghai, as everywhere in documents and periods."""

from typing import Any

import click
from typing_extensions import override

from app.core.exchange_calendar import day_start


class _Day(click.DateTime):
    """YYYY-MM-DD, as the first instant of that day."""

    @override
    def convert(self, value: Any, *given: Any) -> Any:
        day = super().convert(value, *given)
        return day_start(day.date()) if isinstance(value, str) else day


DAY = _Day(["%Y-%m-%d"])
