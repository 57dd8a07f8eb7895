"""Reads of live quality."""

from typing import Any

from sqlalchemy import select

from app.core.unit_of_work import UnitOfWork
from compliance.live.models import LiveQualityDay, LiveQualityStanding
from compliance.live.services import WINDOW_DAYS, recent

DAYS_SHOWN = 30


def live_quality(uow: UnitOfWork, listing_code: str) -> dict[str, Any]:
    """The last days in sum and one by one, latest first, and whether they have drifted."""
    counts, _ = recent(uow, listing_code)
    standing = uow.session.get(LiveQualityStanding, listing_code)
    wanted = select(LiveQualityDay).where(LiveQualityDay.listing_code == listing_code)
    days = uow.session.scalars(wanted.order_by(LiveQualityDay.day.desc()).limit(DAYS_SHOWN)).all()
    return {
        "listing_code": listing_code,
        "window_days": WINDOW_DAYS,
        **counts.document(),
        "declared": standing.declared if standing else {},
        "drifts": standing.drifts if standing else [],
        "drifted_at": standing and standing.drifted_at,
        "checked_at": standing and standing.checked_at,
        "days": [{"day": day.day, **day.counts.document()} for day in days],
    }
