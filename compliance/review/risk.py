"""How deep a case is looked at: a score from the dossier (design 5b), policy parameters as data."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class RiskLevel(StrEnum):
    """Low and medium need two reviewers; high is shown first."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


POINTS: dict[tuple[str, str], int] = {
    ("pi_level", "SENSITIVE"): 3,
    ("pi_level", "PERSONAL"): 2,
    ("pi_level", "DEIDENTIFIED"): 2,
    ("grade", "IMPORTANT"): 3,
    ("source_types", "PUBLIC_DATA_AUTH"): 2,
    ("source_types", "PUBLIC_COLLECTION"): 2,
    ("delivery_mode", "FILE_DOWNLOAD"): 1,
}
"""(dossier member, value) -> points; our own policy, unconfirmed."""
MEDIUM_FROM, HIGH_FROM = 3, 6


def score(dossier: Mapping[str, Any]) -> int:
    """The sum of points over everything that the dossier declares."""
    return sum(
        points for (member, value), points in POINTS.items() if value in _values(dossier, member)
    )


def _values(dossier: Mapping[str, Any], member: str) -> list[Any]:
    value = dossier.get(member)
    return value if isinstance(value, list) else [value]


def level(points: int) -> RiskLevel:
    """The level of a score."""
    if points >= HIGH_FROM:
        return RiskLevel.HIGH
    return RiskLevel.MEDIUM if points >= MEDIUM_FROM else RiskLevel.LOW
