"""One indicator: what was counted out of what, in which direction, by which standard."""

from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Any

Z = 1.96
"""Two-sided 95 %."""


class Direction(StrEnum):
    """Whether more is better; GB/T 36344 and DB31/T 1523 turn some indicators round."""

    UP = "UP"
    DOWN = "DOWN"


class Group(StrEnum):
    """What an indicator counts towards; NONE is shown and never scored."""

    COMPLETENESS = "COMPLETENESS"
    ACCURACY = "ACCURACY"
    CONFORMITY = "CONFORMITY"
    CONSISTENCY = "CONSISTENCY"
    TIMELINESS = "TIMELINESS"
    ACCESSIBILITY = "ACCESSIBILITY"
    NONE = "NONE"


@dataclass(frozen=True)
class Definition:
    """What an indicator is, whatever was measured."""

    code: str
    name: str
    name_zh: str
    group: Group
    standard_ref: str
    direction: Direction = Direction.UP


@dataclass(frozen=True)
class Share:
    """``satisfied`` out of ``evaluated`` things."""

    satisfied: int
    evaluated: int

    @property
    def value(self) -> float:
        """The ratio A/B; B is not nought."""
        return self.satisfied / self.evaluated


@dataclass(frozen=True)
class Indicator:
    """A measured indicator; without shares it is not assessable, and says why.

    Several shares count as their mean, each with the same weight.
    """

    definition: Definition
    shares: tuple[Share, ...] = ()
    reason: str = ""

    @property
    def is_assessable(self) -> bool:
        """Whether there was anything to count."""
        return bool(self.shares)

    @property
    def value(self) -> float:
        """The ratio as the standard writes it; only of an assessable one."""
        return sum(share.value for share in self.shares) / len(self.shares)

    @property
    def bound(self) -> float:
        """The end of the 95 % interval that is worse: below for UP, above for DOWN."""
        goodness = self.goodness_bound
        return goodness if self.definition.direction is Direction.UP else 1 - goodness

    @property
    def goodness_bound(self) -> float:
        """The lower bound of what is good, whichever way the standard counts."""
        return sum(wilson_lower(self._good(share)) for share in self.shares) / len(self.shares)

    def _good(self, share: Share) -> Share:
        if self.definition.direction is Direction.UP:
            return share
        return Share(share.evaluated - share.satisfied, share.evaluated)

    def document(self) -> dict[str, Any]:
        """The JSON form; ratios are decimal strings of six places."""
        fixed = {
            "code": self.definition.code,
            "name": self.definition.name,
            "name_zh": self.definition.name_zh,
            "group": self.definition.group.value,
            "standard_ref": self.definition.standard_ref,
            "direction": self.definition.direction.value,
        }
        if not self.is_assessable:
            return {**fixed, "state": "NOT_ASSESSABLE", "reason": self.reason}
        return {
            **fixed,
            "state": "ASSESSED",
            "satisfied_count": sum(share.satisfied for share in self.shares),
            "evaluated_count": sum(share.evaluated for share in self.shares),
            "value": decimal(self.value),
            "bound": decimal(self.bound),
        }


def decimal(ratio: float) -> str:
    """A ratio as text: canonical JSON has no binary fractions."""
    return f"{ratio:.6f}"


def wilson_lower(share: Share) -> float:
    """The Wilson score interval's lower end at 95 % (Wilson 1927); 0.981 for 200 of 200."""
    n, p = share.evaluated, share.value
    spread = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return max(0.0, (p + Z * Z / (2 * n) - spread) / (1 + Z * Z / n))


def measured(definition: Definition, *shares: tuple[int, int], lacking: str) -> Indicator:
    """An indicator of the shares that evaluated anything; ``lacking`` says why there is none."""
    kept = tuple(Share(good, of) for good, of in shares if of)
    return Indicator(definition, kept, "" if kept else lacking)
