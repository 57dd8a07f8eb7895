"""Conflicts of interest: what a reviewer declares per case, and what the exchange knows itself."""

from collections.abc import Mapping
from enum import StrEnum

from compliance.errors import DeclarationIncomplete

QUESTIONS: dict[str, tuple[str, str]] = {
    "employed": (
        "Were you employed or paid by the supplier or its assessor in the last 24 months?",
        "近二十四个月内，您是否受雇于或受酬于供方或其评估机构？",
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
}
"""Question code -> the question in English and Chinese."""

SAME_ORGANISATION = "same_organisation"


class Answer(StrEnum):
    """What may be answered; only a plain no clears a question."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


def find_conflicts(
    answers: Mapping[str, str], *, reviewer_organisation_id: str, supplier_id: str
) -> list[str]:
    """The conflicts that bar a reviewer, none if clear; what is unknown bars too.

    Raises `DeclarationIncomplete` for a question that was left open.
    """
    missing = sorted(set(QUESTIONS) - set(answers))
    if missing:
        raise DeclarationIncomplete(missing)
    found = [code for code in QUESTIONS if answers[code] != Answer.NO]
    return [SAME_ORGANISATION, *found] if reviewer_organisation_id == supplier_id else found
