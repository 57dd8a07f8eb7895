"""Calendar periods of a licence in the exchange's time zone, counted from the licence's start."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.core.exchange_calendar import SHANGHAI


class PeriodUnit(StrEnum):
    """How long a period is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    TERM = "term"
    """The licence's whole term: there is one period only."""

    @property
    def months(self) -> int:
        """Calendar months of one period; 0 for the term."""
        return _MONTHS[self]


_MONTHS = {PeriodUnit.MONTH: 1, PeriodUnit.QUARTER: 3, PeriodUnit.YEAR: 12, PeriodUnit.TERM: 0}


@dataclass(frozen=True, slots=True)
class Term:
    """From when until when a licence holds: the start is included, the end is not."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """A period by its number from 1; ``whole_until_at`` is later where the term cuts it short."""

    number: int
    from_at: datetime
    until_at: datetime
    whole_until_at: datetime

    def in_proportion(self, amount: int) -> int:
        """An amount for a whole period, cut by the time that is missing, rounded down."""
        moment = timedelta(microseconds=1)
        whole = (self.whole_until_at - self.from_at) // moment
        return amount * ((self.until_at - self.from_at) // moment) // whole


def boundary(starts_at: datetime, unit: PeriodUnit, count: int) -> datetime:
    """The end of the ``count``-th period: the same day and time, or the month's last day.

    31 January and one month is the last of February; and two months 31 March again.
    """
    local = starts_at.astimezone(SHANGHAI)
    year, month = divmod(local.year * 12 + local.month - 1 + unit.months * count, 12)
    day = min(local.day, monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(starts_at.tzinfo)


def span(term: Term, unit: PeriodUnit, number: int) -> Span | None:
    """The period of this number; None when it would begin after the term's end."""
    if unit is PeriodUnit.TERM:
        is_first = number == 1
        return Span(1, term.starts_at, term.ends_at, term.ends_at) if is_first else None
    from_at = boundary(term.starts_at, unit, number - 1)
    if from_at >= term.ends_at:
        return None
    whole = boundary(term.starts_at, unit, number)
    return Span(number, from_at, min(whole, term.ends_at), whole)


def span_at(term: Term, unit: PeriodUnit, at: datetime) -> Span | None:
    """The period that an instant falls into; None outside the term."""
    if not term.starts_at <= at < term.ends_at:
        return None
    number = 1
    if unit is not PeriodUnit.TERM:
        first, now = term.starts_at.astimezone(SHANGHAI), at.astimezone(SHANGHAI)
        months = (now.year - first.year) * 12 + now.month - first.month
        number = max(1, months // unit.months)
        while boundary(term.starts_at, unit, number) <= at:
            number += 1
    return span(term, unit, number)


def spans(term: Term, unit: PeriodUnit, *, until_at: datetime) -> Iterator[Span]:
    """The periods that begin before an instant, in order."""
    number = 1
    while (found := span(term, unit, number)) is not None and found.from_at < until_at:
        yield found
        number += 1
