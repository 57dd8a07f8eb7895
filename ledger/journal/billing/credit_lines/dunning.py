"""What happens to a bill that is not paid: steps as data, and which are due."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from ledger.journal.billing.credit_lines.errors import DunningUnfit

DAYS_MAX = 365


class DunningStep(StrEnum):
    """In the order in which they come."""

    REMINDER = "reminder"
    SECOND_REMINDER = "second_reminder"
    SUSPENSION = "suspension"
    COLLECTION = "collection"


ORDER = tuple(step.value for step in DunningStep)

STANDARD: tuple[dict[str, Any], ...] = (
    {"step": "reminder", "days": 1},
    {"step": "second_reminder", "days": 7},
    {"step": "suspension", "days": 14},
    {"step": "collection", "days": 45},
)
"""Days after the due day; a credit line may have a plan of its own."""

Plan = Sequence[Mapping[str, Any]]


def check_plan(plan: Plan) -> list[dict[str, Any]]:
    """The plan as it is stored; raises `DunningUnfit`.

    Steps of `DunningStep` in that order, each at most once, on rising days from 0 to 365.
    """
    places = [ORDER.index(each["step"]) if each["step"] in ORDER else -1 for each in plan]
    days = [each["days"] for each in plan]
    is_rising = all(a < b for a, b in pairwise(places))
    is_later = all(a < b for a, b in pairwise(days))
    is_bounded = all(0 <= day <= DAYS_MAX for day in days)
    if -1 in places or not (is_rising and is_later and is_bounded):
        raise DunningUnfit(ORDER)
    return [{"step": each["step"], "days": each["days"]} for each in plan]


def due_steps(
    plan: Plan, *, due_at: datetime, at: datetime, taken: Collection[str]
) -> list[DunningStep]:
    """Steps whose day has come and that were not taken, in order: several after a standstill."""
    return [
        DunningStep(each["step"])
        for each in plan
        if each["step"] not in taken and at >= due_at + timedelta(days=each["days"])
    ]
