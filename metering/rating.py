"""Rating: usage to amount under a plan, in whole numbers at scale 10⁻⁸, no effects."""

from dataclasses import dataclass

from metering.outcomes import Outcome, OutcomeKind
from metering.plans import PlanKind, PlanTerms, Unit


@dataclass(frozen=True, slots=True)
class Charge:
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


def rate_usage(plan: PlanTerms, units: int, *, free_units_left: int) -> Charge:
    """The charge for ``units`` when ``free_units_left`` of the plan's free units remain."""
    free = min(units, free_units_left) if plan.kind is PlanKind.PER_CALL else 0
    return Charge(units, free, (units - free) * plan.call_price)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a volume would cost: paid at the order, paid per call, and their sum (10⁻⁸)."""

    units: int
    free_units: int
    packages: int
    order_amount: int
    usage_amount: int

    @property
    def total_amount(self) -> int:
        """Everything that the buyer would pay."""
        return self.order_amount + self.usage_amount


def quote_volume(plan: PlanTerms, units: int, *, free_units_left: int | None = None) -> Quote:
    """The price of ``units`` under a plan, by the code that rates real calls.

    Package units beyond one package need further packages; each brings its free units.
    """
    if plan.kind is PlanKind.PACKAGE:
        size = plan.package_units + plan.free_units
        packages = max(1, -(-units // size))
        return Quote(units, 0, packages, packages * plan.package_price, 0)
    left = plan.free_units if free_units_left is None else free_units_left
    charge = rate_usage(plan, units, free_units_left=left)
    return Quote(units, charge.free_units, 0, 0, charge.amount)
