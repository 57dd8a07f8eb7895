"""Conflicts of interest: what a reviewer declares per case, and what the exchange knows itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from compliance.errors import DeclarationIncomplete

QUESTIONS: dict[str, tuple[str, str]] = {
    "employed": (
        "Were you employed or paid by supplier, assessor or a buyer in the last 24 months?",
        "近二十四个月内，您是否受雇于或受酬于供方、本产品的需方或其评估机构？",
    ),
    "interest": (
        "Do you, or does a close relative, hold shares or another interest in the supplier?",
        "您或近亲属是否持有供方股份或其他利益？",
    ),
    "prepared": (
        "Did you help to prepare this product, its documents or its assessment?",
        "您是否参与过本产品、其材料或其评估的准备？",
    ),
    "related": (
        "Do you share a household, an address or a contact with a person of the supplier?",
        "您与供方人员是否有亲属、同住或共用联系方式的关系？",
    ),
    "control": (
        "Is your organisation parent of, controlled by or one group with supplier or assessor?",
        "您所属机构是否为供方或其评估机构的母公司、受其控制或与其受同一控制？",
    ),
    "assessor": (
        "Are you or your organisation the assessor, or does the supplier own the assessor?",
        "您或您所属机构是否为本产品的评估机构，或该评估机构是否为供方所有？",
    ),
}
"""Question code -> the question in English and Chinese."""

SAME_ORGANISATION, SAME_CODE, ROTATION = "same_organisation", "same_credit_code", "rotation"
INVOLVED_BEFORE = "involved_before"


class Answer(StrEnum):
    """What may be answered; only a plain no clears a question."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class KnownFacts:
    """What the exchange knows of a person and a supplier, so that nobody is asked.

    ``consecutive_cases`` counts the supplier's latest decided cases in which the person decided,
    up to ``rotation_cases``, at which somebody else's turn has come.
    """

    organisation_id: str
    supplier_id: str
    credit_code: str | None = None
    supplier_credit_code: str | None = None
    consecutive_cases: int = 0
    rotation_cases: int = 1


def known_conflicts(facts: KnownFacts) -> list[str]:
    """The conflicts that need no declaration."""
    is_same_code = facts.credit_code is not None and facts.credit_code == facts.supplier_credit_code
    found = {
        SAME_ORGANISATION: facts.organisation_id == facts.supplier_id,
        SAME_CODE: is_same_code and facts.organisation_id != facts.supplier_id,
        ROTATION: facts.consecutive_cases >= facts.rotation_cases,
    }
    return [code for code, holds in found.items() if holds]


def find_conflicts(answers: Mapping[str, str], facts: KnownFacts) -> list[str]:
    """The conflicts that bar a reviewer, none if clear; what is unknown bars too.

    Raises `DeclarationIncomplete` for a question that was left open.
    """
    missing = sorted(set(QUESTIONS) - set(answers))
    if missing:
        raise DeclarationIncomplete(missing)
    declared = [code for code in QUESTIONS if answers[code] != Answer.NO]
    return [*known_conflicts(facts), *declared]
