"""How much a worker may take at once: pure arithmetic over what is left of a grant."""

from dataclasses import dataclass

SHARE = 4
"""A slab takes at most a quarter of what is left, so it shrinks to one call near the limit."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Calls, units, free units, and money at scale 10⁻⁸."""

    calls: int = 0
    units: int = 0
    free_units: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Remaining:
    """What a grant still has; None where the grant sets no bound."""

    calls: int | None
    units: int | None
    free_units: int
    amount: int | None


@dataclass(frozen=True, slots=True)
class CallBounds:
    """The most that one call can take: units, and the price of each (10⁻⁸)."""

    units_max: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """Nothing can be taken: which bound stands in the way."""

    bound: str


def _portion(wanted: int, remaining: int | None, least: int) -> int:
    """``wanted``, cut to a share of what is left, but not below ``least`` if there is so much."""
    if remaining is None:
        return wanted
    return min(wanted, remaining, max(least, remaining // SHARE))


def next_slab(wanted_calls: int, bounds: CallBounds, remaining: Remaining) -> Allowance | Shortage:
    """The slab for about ``wanted_calls`` calls out of what remains.

    Money is what the paid units may cost at most; the wallet may still give less of it.
    """
    calls = _portion(wanted_calls, remaining.calls, 1)
    units = _portion(calls * bounds.units_max, remaining.units, bounds.units_max)
    if calls < 1:
        return Shortage("calls")
    if units < 1:
        return Shortage("units")
    free = min(units, remaining.free_units)
    dearest = bounds.units_max * bounds.unit_price
    amount = _portion((units - free) * bounds.unit_price, remaining.amount, dearest)
    if not free and amount < bounds.unit_price:
        return Shortage("amount")
    return Allowance(calls, units, free, amount)


def least_amount(bounds: CallBounds, slab: Allowance) -> int:
    """The money without which the slab does not serve a single unit (10⁻⁸)."""
    return 0 if slab.free_units else min(bounds.unit_price, slab.amount)


def grow(slab_calls: int, *, was_used_up_in_seconds: float, slab_calls_max: int) -> int:
    """The next slab's size: doubled while one lasts under a second, halved when it lasts long."""
    if was_used_up_in_seconds < 1.0:
        return min(slab_calls * 2, slab_calls_max)
    return max(1, slab_calls // 2) if was_used_up_in_seconds > 4.0 else slab_calls  # noqa: PLR2004 -- between them it stays
