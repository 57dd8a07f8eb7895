"""Another price under the same conditions: what may justify it, and how the question ends; pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from app.core.states import Transitions
from compliance.dated_tables import read_table

PACKAGE = "compliance.review"
FILE = "price_grounds_2.json"


class PriceAlarmState(StrEnum):
    """Whether the supplier gave its reason, and what the exchange made of it."""

    OPEN = "OPEN"
    EXPLAINED = "EXPLAINED"
    ACCEPTED = "ACCEPTED"
    OBJECTED = "OBJECTED"


UNDECIDED = (PriceAlarmState.OPEN, PriceAlarmState.EXPLAINED)


class PriceDecision(StrEnum):
    """What the exchange decides."""

    ACCEPT = "accept"
    OBJECT = "object"


EXPLAIN = "explain"

TRANSITIONS = Transitions(
    {
        (PriceAlarmState.OPEN, EXPLAIN): PriceAlarmState.EXPLAINED,
        # A better reason before anybody decided takes the place of the first.
        (PriceAlarmState.EXPLAINED, EXPLAIN): PriceAlarmState.EXPLAINED,
        (PriceAlarmState.EXPLAINED, PriceDecision.ACCEPT): PriceAlarmState.ACCEPTED,
        (PriceAlarmState.EXPLAINED, PriceDecision.OBJECT): PriceAlarmState.OBJECTED,
        # Nothing is accepted that nobody gave a reason for.
        (PriceAlarmState.OPEN, PriceDecision.OBJECT): PriceAlarmState.OBJECTED,
    }
)


def table() -> Mapping[str, Any]:
    """The grounds in force in both languages, and how long supplier and exchange have."""
    return read_table(PACKAGE, FILE)


def grounds() -> frozenset[str]:
    """What a supplier may name."""
    return frozenset(each["code"] for each in table()["grounds"])


def explain_working_days() -> int:
    """How long the supplier has."""
    return int(table()["explain_working_days"])


def decide_working_days() -> int:
    """How long the exchange has, once the supplier has spoken or its own time has ended."""
    return int(table()["decide_working_days"])
