"""Yearly packages day by day: how much of a price is earned after so many days, exactly."""

from datetime import datetime, timedelta

DAY = timedelta(days=1)
KEPT_REASONS = frozenset({"BREACH", "SCENARIO_WITHDRAWN", "GIVEN_UP"})
"""Revocations that the buyer brought about: the supplier keeps the rest of the price."""


def days_of(starts_at: datetime, ends_at: datetime) -> int:
    """Days of 24 hours in the term, a begun last one counted whole: 366 over a leap day."""
    return max(-((starts_at - ends_at) // DAY), 1)


def days_over(starts_at: datetime, ends_at: datetime, at: datetime) -> int:
    """Days of the term that are over; all of them once the term is."""
    if at >= ends_at:
        return days_of(starts_at, ends_at)
    return max((at - starts_at) // DAY, 0)


def whole_days(
    starts_at: datetime, ends_at: datetime, *, from_at: datetime, until_at: datetime
) -> tuple[int, int]:
    """Which days of the term lie whole between two instants: the first, and behind the last."""
    first = max(-((starts_at - from_at) // DAY), 0)
    return first, days_over(starts_at, ends_at, until_at)


def earned_amount(price: int, days: int, over: int) -> int:
    """The part of the price (10⁻⁸ units) earned after ``over`` of ``days`` days.

    Cumulative, so the differences of any two days sum to the price whatever the days between.
    """
    return price * over // days


def due_next(starts_at: datetime, ends_at: datetime, over: int) -> datetime:
    """When the next day of the term will be over."""
    return min(starts_at + (over + 1) * DAY, ends_at)


def is_kept(reason_code: str) -> bool:
    """Whether a revocation for this reason leaves the rest of the price with the supplier."""
    return reason_code in KEPT_REASONS
