"""Every plan as an ordered list of allowance pools, and what any number of units costs by them.

Pools are used in their order. The amount for the first n units is the sum of their marginal
prices, so that charging call by call comes to the total at any split. All amounts at 10⁻⁸.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from metering.plans.calendar import PeriodUnit
from metering.plans.terms import PlanKind, PlanTerms, Tier


class PoolKind(StrEnum):
    """What a pool's units are to the buyer."""

    TRIAL = "trial"
    """Free, in the licence's first days only."""
    FREE = "free"
    """Free, once in the licence's term."""
    INCLUDED = "included"
    """Paid for otherwise: with the package, the year or the period's fee."""
    PRICED = "priced"
    """Each unit takes its price from the wallet."""

    @property
    def is_free(self) -> bool:
        """Whether the units count as free units, before any other."""
        return self in {PoolKind.TRIAL, PoolKind.FREE}


@dataclass(frozen=True, slots=True)
class Pool:
    """So many units at one price; None is without bound."""

    kind: PoolKind
    unit_price: int
    units: int | None
    is_of_term: bool
    """Opened once for the licence's whole term, not anew each period."""


class UnitsBeyondPools(ValueError):
    """The plan sells no more units than its pools hold."""

    def __init__(self, units_max: int) -> None:
        super().__init__(units_max)
        self.units_max = units_max


def pools_of(terms: PlanTerms, *, carried_units: int = 0) -> tuple[Pool, ...]:
    """The pools of a plan's period, in order; ``carried_units`` came over from the one before."""
    free = [Pool(kind, 0, units, is_of_term=True) for kind, units in free_units_of(terms) if units]
    return (*free, *_paid_pools(terms, carried_units))


def free_units_of(terms: PlanTerms) -> tuple[tuple[PoolKind, int], ...]:
    """Free units by kind; a package's own free units are part of the package."""
    free = 0 if terms.kind is PlanKind.PACKAGE else terms.free_units
    return (PoolKind.TRIAL, terms.trial_units), (PoolKind.FREE, free)


def _paid_pools(terms: PlanTerms, carried: int) -> Iterator[Pool]:
    is_of_term = terms.period is PeriodUnit.TERM
    if terms.is_prepaid:
        units = terms.package_units
        if units is not None:
            units += carried + (terms.free_units if terms.kind is PlanKind.PACKAGE else 0)
        yield Pool(PoolKind.INCLUDED, 0, units, is_of_term=True)
        return
    if terms.kind is PlanKind.SUBSCRIPTION:
        yield Pool(PoolKind.INCLUDED, 0, terms.included_units + carried, is_of_term=False)
    for price, units in _steps(terms):
        yield Pool(PoolKind.PRICED, price, units, is_of_term=is_of_term)


Step = tuple[int, int | None]
"""A unit's price and how many units have it."""


def _steps(terms: PlanTerms) -> Sequence[Step]:
    if terms.kind is PlanKind.GRADUATED:
        return _graduated(terms.tiers)
    if terms.kind is PlanKind.VOLUME:
        return _merged(_envelope(terms.tiers))
    if terms.kind is PlanKind.SUBSCRIPTION:
        return [] if terms.overage_price is None else [(terms.overage_price, None)]
    return [(terms.unit_price, None)]


def _graduated(tiers: Sequence[Tier]) -> list[Step]:
    starts = [0, *(tier.up_to or 0 for tier in tiers[:-1])]
    return [
        (tier.unit_price, None if tier.up_to is None else tier.up_to - start)
        for start, tier in zip(starts, tiers, strict=True)
    ]


def _envelope(tiers: Sequence[Tier]) -> Iterator[Step]:
    """The marginal prices of the monotone envelope of a volume plan's cost.

    The cost n · price(n) falls where a cheaper step begins. Nobody pays more for n units than for
    some greater number, so what is charged is the least cost of n units or more.
    """
    caps = _caps(tiers)
    paid, start = 0, 0
    for tier, cap in zip(tiers, caps[1:], strict=True):
        first = _capped((start + 1) * tier.unit_price, cap)
        yield first - paid, 1
        paid, at = first, start + 1
        if tier.up_to is None:
            yield tier.unit_price, None
            return
        whole = tier.up_to
        if cap is not None and tier.unit_price:
            whole = max(at, min(tier.up_to, cap // tier.unit_price))
        yield tier.unit_price, whole - at
        paid += (whole - at) * tier.unit_price
        if whole < tier.up_to:
            last = _capped((whole + 1) * tier.unit_price, cap)
            yield last - paid, 1
            yield 0, tier.up_to - whole - 1
            paid = last
        start = tier.up_to


def _caps(tiers: Sequence[Tier]) -> list[int | None]:
    """For each step, and behind the last, the least cost of its first unit or any later one."""
    starts = [0, *(tier.up_to or 0 for tier in tiers[:-1])]
    caps: list[int | None] = [None]
    for start, tier in reversed(list(zip(starts, tiers, strict=True))):
        caps.insert(0, _capped((start + 1) * tier.unit_price, caps[0]))
    return caps


def _capped(amount: int, cap: int | None) -> int:
    return amount if cap is None else min(amount, cap)


def _merged(steps: Iterator[Step]) -> list[Step]:
    merged: list[Step] = []
    filled = (step for step in steps if step[1] != 0)
    for price, group in groupby(filled, key=lambda step: step[0]):
        counts = [units for _, units in group]
        merged.append((price, None if None in counts else sum(units or 0 for units in counts)))
    return merged


def fill(pools: Sequence[Pool], units: int) -> list[int]:
    """How many of the first ``units`` each pool gives; raises `UnitsBeyondPools`."""
    taken, left = [], units
    for pool in pools:
        taken.append(left if pool.units is None else min(left, pool.units))
        left -= taken[-1]
    if left:
        raise UnitsBeyondPools(units - left)
    return taken


def amount_of(pools: Sequence[Pool], units: int) -> int:
    """What the first ``units`` of the pools cost (10⁻⁸); raises `UnitsBeyondPools`."""
    taken = fill(pools, units)
    return sum(count * pool.unit_price for count, pool in zip(taken, pools, strict=True))


def total_amount(terms: PlanTerms, units: int) -> int:
    """What ``units`` of one period cost call by call, with all free units still there (10⁻⁸).

    Without what is paid at the order or with the period's fee. Raises `UnitsBeyondPools`.
    """
    return amount_of(pools_of(terms), units)


def units_max(pools: Sequence[Pool]) -> int | None:
    """How many units the pools sell; None is without bound."""
    bounded = [pool.units for pool in pools if pool.units is not None]
    return sum(bounded) if len(bounded) == len(pools) else None


def granted_units(terms: PlanTerms) -> int | None:
    """The units that a licence of this plan holds in all; None where a period or money bounds."""
    return units_max(pools_of(terms)) if terms.period is PeriodUnit.TERM else None


def granted_free_units(terms: PlanTerms) -> int:
    """The units of a licence that cost nothing; a package's are part of its own units."""
    return sum(units for _, units in free_units_of(terms))
