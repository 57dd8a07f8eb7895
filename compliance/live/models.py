"""What is kept of live quality: counts by listing and day, and how a listing stands."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from compliance.quality.live import LiveCounts, LiveTimes


class LiveQualityDay(Base):
    """Calls of one listing on one day in Shanghai (UTC+8), whoever made them."""

    __tablename__ = "live_quality_days"

    listing_code: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    supplier_id: Mapped[str]
    answered_count: Mapped[int]
    hit_count: Mapped[int]
    mismatch_count: Mapped[int]
    failed_count: Mapped[int]
    latency: Mapped[dict[str, Any]]
    lag: Mapped[dict[str, Any]]
    newest_event_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    updates_count: Mapped[int]
    changed_at: Mapped[datetime]

    @property
    def counts(self) -> LiveCounts:
        """The same as a plain value."""
        times = LiveTimes(
            _buckets(self.latency),
            _buckets(self.lag),
            self.newest_event_at,
            self.seen_at,
            self.updates_count,
        )
        return LiveCounts(
            self.answered_count, self.hit_count, self.mismatch_count, self.failed_count, times
        )


def _buckets(stored: dict[str, Any]) -> dict[int, int]:
    return {int(bucket): count for bucket, count in stored.items()}


class LiveQualityStanding(Base):
    """Whether what a listing delivers has drifted, since when, and in which ways."""

    __tablename__ = "live_quality_standings"

    listing_code: Mapped[str] = mapped_column(primary_key=True)
    supplier_id: Mapped[str]
    drifts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    drifted_at: Mapped[datetime | None]
    report_id: Mapped[str | None]
    declared: Mapped[dict[str, Any]]
    """What the version that was listed at the last check says of itself."""
    checked_at: Mapped[datetime]


class LiveQualityCursor(Base):
    """How far a lane of metered calls has been counted; a call is counted once."""

    __tablename__ = "live_quality_cursors"

    lane_id: Mapped[str] = mapped_column(primary_key=True)
    counted_n: Mapped[int]
