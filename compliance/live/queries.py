"""Reads of live quality."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from app.core.exchange_calendar import day_of
from app.core.unit_of_work import UnitOfWork
from compliance.live.models import LiveQualityDay, LiveQualityStanding
from compliance.live.services import WINDOW_DAYS, recent
from compliance.models.licences import ListingStanding

DAYS_SHOWN = 30
IDLE_AFTER = timedelta(days=180)
"""A listing that nobody has called for so long is marked (CATALOGUE)."""


def live_quality(uow: UnitOfWork, listing_code: str) -> dict[str, Any]:
    """The last days in sum and one by one, latest first, and whether they have drifted."""
    counts, _ = recent(uow, listing_code)
    standing = uow.session.get(LiveQualityStanding, listing_code)
    wanted = select(LiveQualityDay).where(LiveQualityDay.listing_code == listing_code)
    days = uow.session.scalars(wanted.order_by(LiveQualityDay.day.desc()).limit(DAYS_SHOWN)).all()
    last = _last_answered_on(uow, listing_code)
    return {
        "listing_code": listing_code,
        "window_days": WINDOW_DAYS,
        **counts.document(),
        "declared": standing.declared if standing else {},
        "last_answered_on": last,
        "is_idle": _is_idle(uow, listing_code, last),
        "drifts": standing.drifts if standing else [],
        "drifted_at": standing and standing.drifted_at,
        "checked_at": standing and standing.checked_at,
        "days": [{"day": day.day, **day.counts.document()} for day in days],
    }


def _last_answered_on(uow: UnitOfWork, listing_code: str) -> date | None:
    wanted = select(func.max(LiveQualityDay.day)).where(
        LiveQualityDay.listing_code == listing_code, LiveQualityDay.answered_count > 0
    )
    return uow.session.scalar(wanted)


def _is_idle(uow: UnitOfWork, listing_code: str, last: date | None) -> bool:
    """Listed as it is for so long, and no call was answered meanwhile."""
    standing = uow.session.get(ListingStanding, listing_code)
    if standing is None or standing.noted_at > uow.now - IDLE_AFTER:
        return False
    return last is None or last < day_of(uow.now - IDLE_AFTER)
