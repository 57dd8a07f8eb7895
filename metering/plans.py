"""The terms of a price plan, read once from the canonical form in which they were hashed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.core.money import NotAnAmount, parse_amount


class PlanKind(StrEnum):
    """Where the money comes from."""

    PER_CALL = "per_call"
    """Each charged unit takes its price from the buyer's wallet."""
    PACKAGE = "package"
    """Paid at the order; calls then use up the package's units."""


class Unit(StrEnum):
    """What one charged unit is."""

    CALL = "call"
    """Every answered call, a miss too."""
    HIT = "hit"
    """Only a call that found something."""
    ROW = "row"
    """Each row of the answer."""


class PlanNotReadable(ValueError):
    """The terms lack a member or hold one of the wrong form."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTerms:
    """Prices are integers at scale 10⁻⁸ of the currency unit."""

    kind: PlanKind
    unit: Unit
    unit_price: int = 0
    package_units: int = 0
    package_price: int = 0
    valid_days: int | None = None
    free_units: int = 0
    currency: str
    calls_per_second: int

    def __post_init__(self) -> None:
        counts = (self.unit_price, self.package_units, self.package_price, self.free_units)
        if min(counts) < 0 or self.calls_per_second < 1:
            raise PlanNotReadable
        if self.kind is PlanKind.PACKAGE and self.package_units < 1:
            raise PlanNotReadable

    @property
    def call_price(self) -> int:
        """What a charged unit takes from the wallet: nothing under a package, which is paid."""
        return self.unit_price if self.kind is PlanKind.PER_CALL else 0


def read_plan(terms: Mapping[str, Any]) -> PlanTerms:
    """Plan terms from their JSON form; raises `PlanNotReadable`."""
    try:
        return PlanTerms(
            kind=PlanKind(terms["kind"]),
            unit=Unit(terms["unit"]),
            unit_price=parse_amount(terms.get("unit_price") or "0"),
            package_units=int(terms.get("package_units") or 0),
            package_price=parse_amount(terms.get("package_price") or "0"),
            valid_days=terms.get("valid_days"),
            free_units=int(terms.get("free_units") or 0),
            currency=terms["currency"],
            calls_per_second=int(terms["calls_per_second"]),
        )
    except (KeyError, TypeError, ValueError, NotAnAmount) as error:
        raise PlanNotReadable from error
