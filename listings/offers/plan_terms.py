"""Plans as canonical terms: what one use, one package or one period costs, fixed by a hash."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.canonical import digest_hex
from app.core.money import format_amount

PER_CALL = "per_call"
GRADUATED = "graduated"
VOLUME = "volume"
PACKAGE = "package"
SUBSCRIPTION = "subscription"
YEARLY = "yearly"
CALLS_PER_SECOND_DEFAULT = 50
YEARLY_DAYS_DEFAULT = 365

MONTH, QUARTER, YEAR, TERM = "month", "quarter", "year", "term"
MONTHS: Mapping[str, int] = {MONTH: 1, QUARTER: 3, YEAR: 12}
NO_ROLL_OVER, CARRY = "none", "carry"

Terms = Mapping[str, Any]

_COMMON = ("kind", "unit", "free_units", "currency", "calls_per_second")
_TRIAL = ("trial_units", "trial_days")


@dataclass(frozen=True)
class Shape:
    """The members of a kind beside the common ones; ``filled`` stand in its terms in any case."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    filled: tuple[tuple[str, Any], ...] = ()

    @property
    def own(self) -> tuple[str, ...]:
        """Every member that a plan of the kind may have."""
        return (*self.needed, *self.optional, *(name for name, _ in self.filled))


SHAPES: Mapping[str, Shape] = {
    PER_CALL: Shape(("unit_price",), (*_TRIAL, "minimum")),
    GRADUATED: Shape(("tiers", "period"), (*_TRIAL, "minimum")),
    VOLUME: Shape(("tiers", "period"), (*_TRIAL, "minimum")),
    PACKAGE: Shape(("package_units", "package_price", "valid_days"), ("roll_over",)),
    SUBSCRIPTION: Shape(
        ("period", "period_fee", "included_units"), ("overage_price", "roll_over", *_TRIAL)
    ),
    YEARLY: Shape(
        ("package_price",), filled=(("valid_days", YEARLY_DAYS_DEFAULT), ("package_units", None))
    ),
}
KINDS = tuple(SHAPES)
PERIODS: Mapping[str, tuple[str, ...]] = {
    GRADUATED: (MONTH, TERM),
    VOLUME: (MONTH, TERM),
    SUBSCRIPTION: (MONTH, QUARTER, YEAR),
}
"""After which time a kind counts anew: calendar periods in Asia/Shanghai from the start on."""
HOLDS_ITS_UNITS = frozenset({PACKAGE, SUBSCRIPTION, YEARLY})
"""Kinds whose price includes units, so that no others are free."""


def _tiers(tiers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"up_to": tier["up_to"], "unit_price": format_amount(tier["unit_price"])} for tier in tiers
    ]


def _minimum(minimum: Mapping[str, Any]) -> dict[str, Any]:
    return {"amount": format_amount(minimum["amount"]), "period": minimum["period"]}


_WRITERS: Mapping[str, Callable[[Any], Any]] = {
    "minimum": _minimum,
    "overage_price": format_amount,
    "package_price": format_amount,
    "period_fee": format_amount,
    "tiers": _tiers,
    "unit_price": format_amount,
}


def plan_terms(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical terms; amounts in units of 10⁻⁸ become decimal strings with eight places.

    A member that says nothing (no roll-over, a hard stop, no trial) is absent, so that the hashes
    of plans from before it existed stay.
    """
    shape = SHAPES[plan["kind"]]
    values = {name: plan[name] for name in (*_COMMON, *shape.needed)}
    values |= {name: given for name in shape.optional if (given := plan.get(name)) is not None}
    values |= {
        name: default if plan.get(name) is None else plan[name] for name, default in shape.filled
    }
    if values.get("roll_over") == NO_ROLL_OVER:
        del values["roll_over"]
    return {
        name: _WRITERS[name](value) if name in _WRITERS else value for name, value in values.items()
    }


def plan_hash(terms: Terms) -> str:
    """SHA-256 over the canonical terms."""
    return digest_hex(dict(terms))
