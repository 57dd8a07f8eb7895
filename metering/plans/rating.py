"""Rating: usage to amount under a plan, in whole numbers at scale 10⁻⁸, no effects."""

from collections.abc import Iterable
from typing import NamedTuple

from metering.answers.outcomes import Outcome, OutcomeKind
from metering.plans.terms import Unit


class Charge(NamedTuple):
    """What a use costs: units counted, how many of them were free, the amount at 10⁻⁸."""

    units: int
    free_units: int
    amount: int


NOTHING = Charge(0, 0, 0)


def count_units(unit: Unit, outcome: Outcome) -> int:
    """Units that an outcome counts as; a failure counts none."""
    if not outcome.is_answer:
        return 0
    if unit is Unit.CALL:
        return 1
    if unit is Unit.HIT:
        return 0 if outcome.kind is OutcomeKind.MISS else 1
    return outcome.units


def most_units(unit: Unit, units_max: int) -> int:
    """The most units that one call can count as: what must be reserved before it is made."""
    return 1 if unit in {Unit.CALL, Unit.HIT} else units_max


def rate_usage(units: int, *, free_units_left: int, steps: Iterable[tuple[int, int]]) -> Charge:
    """The charge for ``units``: free ones first, then the steps of (units, price at 10⁻⁸) in order.

    The steps are those of the call's own reservation and hold at least the units that are left.
    """
    free = min(units, free_units_left)
    left, amount = units - free, 0
    for step_units, price in steps:
        taken = min(left, step_units)
        amount += taken * price
        left -= taken
    assert not left, "no call is rated beyond its reservation"
    return Charge(units, free, amount)
