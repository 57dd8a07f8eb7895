"""From indicators to a grade: weights, coverage, vetoes. Our own policy; a lawyer's is the rest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from compliance.quality.indicators import Group, Indicator

WEIGHTS = {
    Group.COMPLETENESS: 20,
    Group.ACCURACY: 25,
    Group.CONFORMITY: 15,
    Group.CONSISTENCY: 15,
    Group.TIMELINESS: 15,
    Group.ACCESSIBILITY: 10,
}
COVERAGE_MIN = 0.70
STEPS = ((0.95, "A"), (0.85, "B"), (0.70, "C"))
WORST = "D"
POLICY = "counterfoil-quality/1"
"""Named in every report; another weight or step is another name."""


class Veto(StrEnum):
    """What no score makes up for."""

    UNDECLARED_IDENTIFIER = "UNDECLARED_IDENTIFIER"
    LEAKED_SECRET = "LEAKED_SECRET"  # noqa: S105 - the name of a reason
    AUTHORISATION_LAPSED = "AUTHORISATION_LAPSED"
    LIVE_SCHEMA_MISMATCH = "LIVE_SCHEMA_MISMATCH"


@dataclass(frozen=True)
class Grade:
    """The letter, or None when too little could be assessed; a veto makes it D."""

    letter: str | None
    score: float
    coverage: float


def grade(indicators: Sequence[Indicator], vetoes: Iterable[Veto]) -> Grade:
    """The score on assessed weight, from each indicator's bound and never from its point value.

    A group's weight is shared equally by its indicators, so what cannot be assessed lowers the
    coverage and neither raises nor lowers the score.
    """
    assessed = total = earned = 0.0
    for group, weight in WEIGHTS.items():
        members = [each for each in indicators if each.definition.group is group]
        for each in members:
            share = weight / len(members)
            total += share
            if each.is_assessable:
                assessed += share
                earned += share * each.goodness_bound
    coverage = assessed / total if total else 0.0
    score = earned / assessed if assessed else 0.0
    return Grade(_letter(score, coverage, has_veto=any(vetoes)), score, coverage)


def _letter(score: float, coverage: float, *, has_veto: bool) -> str | None:
    if has_veto:
        return WORST
    if coverage < COVERAGE_MIN:
        return None
    return next((letter for least, letter in STEPS if score >= least), WORST)
