"""What is kept of answers' times, and how the last days of it are read."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base
from app.core.exchange_calendar import day_of
from app.core.unit_of_work import UnitOfWork
from metering.delivery.answer_times import LATENCY

SUMMED_DAYS = 2
KEPT_DAYS = 8
"""Longer than anything that reads them; the sums of each day stay with live quality."""
FORGET_MAX = 10_000

# Of each listing the newest event stays: a later one is told from it.
_FORGET = """
WITH old AS (
    DELETE FROM answer_times WHERE (listing_code, day, kind, bucket) IN (
        SELECT listing_code, day, kind, bucket FROM answer_times
        WHERE day < :before ORDER BY day LIMIT :most)
    RETURNING 1
), overtaken AS (
    DELETE FROM event_times WHERE (listing_code, day) IN (
        SELECT e.listing_code, e.day FROM event_times e
        WHERE e.day < :before AND EXISTS (SELECT FROM event_times later
            WHERE later.listing_code = e.listing_code AND later.day > e.day
                AND later.newest_event_at >= e.newest_event_at)
        ORDER BY e.day LIMIT :most)
    RETURNING 1
)
SELECT (SELECT count(*) FROM old) + (SELECT count(*) FROM overtaken)
"""


class AnswerTime(Base):
    """Answers of one listing on one day in one bucket: of microseconds, or of seconds of age."""

    __tablename__ = "answer_times"

    listing_code: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    bucket: Mapped[int] = mapped_column(primary_key=True)
    supplier_id: Mapped[str]
    answers_count: Mapped[int]


class EventTime(Base):
    """The newest event that a listing's answers of one day told of, and how often it advanced."""

    __tablename__ = "event_times"

    listing_code: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    supplier_id: Mapped[str]
    newest_event_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    updates_count: Mapped[int]


@dataclass
class DayTimes:
    """One listing's day so far."""

    listing_code: str
    day: date
    supplier_id: str
    latency: dict[int, int] = field(default_factory=dict)
    lag: dict[int, int] = field(default_factory=dict)
    newest_event_at: datetime | None = None
    seen_at: datetime | None = None
    updates_count: int = 0


def sum_times(session: Session, now: datetime) -> list[DayTimes]:
    """Of today and yesterday in China: counts are written some seconds late, after midnight too."""
    since = day_of(now) - timedelta(days=SUMMED_DAYS - 1)
    days: dict[tuple[str, date], DayTimes] = {}
    counted = select(AnswerTime).where(AnswerTime.day >= since)
    for row in session.scalars(counted.order_by(AnswerTime.listing_code, AnswerTime.day)):
        key = (row.listing_code, row.day)
        times = days.setdefault(key, DayTimes(*key, row.supplier_id))
        kept = times.latency if row.kind == LATENCY else times.lag
        kept[row.bucket] = row.answers_count
    for event in session.scalars(select(EventTime).where(EventTime.day >= since)):
        found = days.get((event.listing_code, event.day))
        if found is not None:
            found.newest_event_at, found.seen_at = event.newest_event_at, event.seen_at
            found.updates_count = event.updates_count
    return list(days.values())


def forget_times(uow: UnitOfWork) -> int:
    """Delete counts of days that were summed up long ago; how many."""
    before = day_of(uow.now) - timedelta(days=KEPT_DAYS)
    given = {"before": before, "most": FORGET_MAX}
    return int(uow.session.execute(text(_FORGET), given).scalar_one())
