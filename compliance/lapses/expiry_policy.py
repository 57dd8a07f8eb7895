"""What happens when something lapses, after how many days of grace, and who is reminded when.

Policy as data (`rules/expiry_policy_<n>.json`): dated, owned, marked as still unconfirmed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from compliance.dated_tables import read_table

PACKAGE = "compliance.rules"
FILE = "expiry_policy_2.json"
GRACE_DAYS_MAX = 30
SUSPEND, END, NONE = "SUSPEND", "END", "NONE"


@dataclass(frozen=True)
class Lapse:
    """Something that carries a listing, a use or a party, and ends by itself.

    ``effective_at`` is when the consequence comes: with the lapse, or after the days of grace.
    """

    kind: str
    name: str
    lapses_at: datetime
    effective_at: datetime
    consequence: str


def load() -> Mapping[str, Any]:
    """The policy in force."""
    return read_table(PACKAGE, FILE)


def kinds() -> frozenset[str]:
    """Everything that lapses, by kind."""
    return frozenset(load()["kinds"])


def reminder_days() -> tuple[int, ...]:
    """Days before a lapse on which its owner is reminded, the earliest first."""
    return tuple(sorted(load()["reminder_days"], reverse=True))


def kind_of_document(kind: str) -> str:
    """Whether a document is a report, which has days of grace, or other evidence without any."""
    return "REPORT" if kind in load()["report_kinds"] else "EVIDENCE"


def lapse(kind: str, name: str, lapses_at: datetime) -> Lapse:
    """What the policy says of a lapse."""
    rule = load()["kinds"][kind]
    grace_days = min(int(rule["grace_days"]), GRACE_DAYS_MAX)
    effective_at = lapses_at + timedelta(days=grace_days)
    return Lapse(kind, name, lapses_at, effective_at, rule["consequence"])


def due_reminder(lapses_at: datetime, now: datetime, reminded_days: int | None) -> int | None:
    """The reminder to give now, in days; None when it was given or nothing is due yet.

    Who was away for the first one is given the nearest alone.
    """
    left = lapses_at - now
    reached = [days for days in reminder_days() if left <= timedelta(days=days)]
    if not reached or left <= timedelta():
        return None
    nearest = min(reached)
    return nearest if reminded_days is None or reminded_days > nearest else None
