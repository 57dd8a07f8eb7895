"""How deep a case is looked at: a score from the dossier and the supplier's record."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from compliance.review.policy import Policy


class RiskLevel(StrEnum):
    """Low and medium need two reviewers; high a panel besides."""

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
    ("delivery_mode", "SFTP"): 1,
    ("delivery_grade", "S1"): 1,
}
"""(dossier member, value) -> points, design 5b; our own policy, unconfirmed."""
CROSS_BORDER_POINTS, NEW_SUPPLIER_POINTS, SANCTION_POINTS = 2, 1, 2
CHAIN_LINKS_FREE = 2
"""Each link of the authorisation chain beyond these adds a point."""
RAW_COPY = frozenset({"delivery_mode=FILE_DOWNLOAD", "delivery_mode=SFTP"})
"""Deliveries of a copy; the grade S1 says the same, and together they count once."""


def factors(
    dossier: Mapping[str, Any], *, is_new_supplier: bool = False, was_sanctioned: bool = False
) -> dict[str, int]:
    """What adds to the score, each with its points."""
    found = {
        f"{member}={value}": points
        for (member, value), points in POINTS.items()
        if value in _values(dossier, member)
    }
    if found.keys() & RAW_COPY:
        found.pop("delivery_grade=S1", None)
    mode = (dossier.get("cross_border") or {}).get("mode", "NONE")
    links = len(dossier.get("authorisation_chain") or ()) - CHAIN_LINKS_FREE
    others = {
        "cross_border": CROSS_BORDER_POINTS if mode != "NONE" else 0,
        "chain_links": max(links, 0),
        "new_supplier": NEW_SUPPLIER_POINTS if is_new_supplier else 0,
        "past_sanction": SANCTION_POINTS if was_sanctioned else 0,
    }
    return found | {name: points for name, points in others.items() if points}


def _values(dossier: Mapping[str, Any], member: str) -> list[Any]:
    value = dossier.get(member)
    return value if isinstance(value, list) else [value]


def level(points: int, policy: Policy) -> RiskLevel:
    """The level of a score."""
    if points >= policy.high_risk_points:
        return RiskLevel.HIGH
    return RiskLevel.MEDIUM if points >= policy.medium_risk_points else RiskLevel.LOW
