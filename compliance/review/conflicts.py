"""Conflicts of interest: what a reviewer declares per case, and what the exchange knows itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from compliance.review.case_errors import DeclarationIncomplete

QUESTIONS: dict[str, tuple[str, str]] = {
    "employed": (
        "Were you employed or paid by supplier, assessor or a buyer in the last 24 months?",
        "近二十四个月内，您是否受雇于或受酬于供方、本产品的需方或其评估机构？",
    ),
    "interest": (
        "Have you, or has a close relative, an interest in supplier or buyer of the use decided?",
        "您或近亲属是否在供方或所审批场景的需方持有股份或其他利益？",
    ),
    "prepared": (
        "Did you help to prepare this product, its documents or its assessment?",
        "您是否参与过本产品、其材料或其评估的准备？",
    ),
    "related": (
        "Do you share a household, address or contact with people of supplier or buyer?",
        "您与供方或需方人员是否有亲属、同住或共用联系方式的关系？",
    ),
    "control": (
        "Is your organisation parent of, controlled by or one group with a party or assessor?",
        "您所属机构是否为供需任一方或评估机构的母公司、受其控制或与其受同一控制？",
    ),
    "assessor": (
        "Are you or your organisation the assessor, or does the supplier own the assessor?",
        "您或您所属机构是否为本产品的评估机构，或该评估机构是否为供方所有？",
    ),
}
"""Question code -> the question in English and Chinese."""


def questions() -> list[dict[str, str]]:
    """The declaration's questions as they are put, in two languages."""
    return [{"code": code, "en": en, "zh": zh} for code, (en, zh) in QUESTIONS.items()]


SAME_ORGANISATION, SAME_CODE, ROTATION = "same_organisation", "same_credit_code", "rotation"


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
