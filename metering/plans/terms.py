"""The terms of a price plan, read once from the canonical form in which they were hashed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from app.core.money import NotAnAmount, parse_amount
from metering.plans.calendar import PeriodUnit

VALID_DAYS_YEARLY = 365
TIERS_MAX = 50
DAYS_MAX = 36_500
"""A hundred years: terms that are only tried may name any, and the calendar has an end."""


class PlanKind(StrEnum):
    """Where the money comes from."""

    PER_CALL = "per_call"
    """Each charged unit takes its price from the buyer's wallet."""
    GRADUATED = "graduated"
    """As per call; a unit's price is that of the step it falls into."""
    VOLUME = "volume"
    """As per call; all units have the price of the step that the period's volume reaches."""
    PACKAGE = "package"
    """Paid at the order; calls then use up the package's units."""
    SUBSCRIPTION = "subscription"
    """A fee each period that includes units; then overage by the unit, or a stop."""
    YEARLY = "yearly"
    """Paid at the order for a time; so many units, or as many as are wanted."""


class Unit(StrEnum):
    """What one charged unit is."""

    CALL = "call"
    """Every answered call, a miss too."""
    HIT = "hit"
    """Only a call that found something."""
    ROW = "row"
    """Each row of the answer."""
    UNIT = "unit"
    """Each unit that the listing's rule counts in the answer: images, seconds, bytes."""


class PlanNotReadable(ValueError):
    """The terms lack a member or hold one of the wrong form."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of prices: its last unit (None has no end) and a unit's price at 10⁻⁸."""

    up_to: int | None
    unit_price: int


@dataclass(frozen=True, slots=True)
class Minimum:
    """What a buyer pays at least for each period, used or not (10⁻⁸)."""

    amount: int
    period: PeriodUnit


_TIERED = (PlanKind.GRADUATED, PlanKind.VOLUME)
_PREPAID = (PlanKind.PACKAGE, PlanKind.YEARLY)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanTerms:
    """Prices are integers at scale 10⁻⁸ of the currency unit."""

    kind: PlanKind
    unit: Unit
    unit_price: int = 0
    tiers: tuple[Tier, ...] = ()
    period: PeriodUnit = PeriodUnit.TERM
    package_units: int | None = 0
    package_price: int = 0
    valid_days: int | None = None
    period_fee: int = 0
    included_units: int = 0
    overage_price: int | None = None
    """None is a stop: nothing beyond the included units."""
    has_roll_over: bool = False
    free_units: int = 0
    trial_units: int = 0
    trial_days: int = 0
    minimum: Minimum | None = None
    currency: str
    calls_per_second: int

    def __post_init__(self) -> None:
        if min(self._counts()) < 0 or self.calls_per_second < 1:
            raise PlanNotReadable
        if max(self.trial_days, self.valid_days or 0) > DAYS_MAX:
            raise PlanNotReadable
        is_unbounded = self.kind is PlanKind.YEARLY and self.package_units is None
        if self.is_prepaid and not self.package_units and not is_unbounded:
            raise PlanNotReadable
        if self.kind in _TIERED and not _are_steps(self.tiers):
            raise PlanNotReadable
        if self.kind is PlanKind.SUBSCRIPTION and self.period is PeriodUnit.TERM:
            raise PlanNotReadable
        if bool(self.trial_units) != bool(self.trial_days) or not self._fits_minimum():
            raise PlanNotReadable

    def _counts(self) -> tuple[int, ...]:
        return (
            self.unit_price,
            self.package_units or 0,
            self.package_price,
            self.period_fee,
            self.included_units,
            self.overage_price or 0,
            self.free_units,
            self.trial_units,
            self.trial_days,
            self.valid_days or 0,
            self.minimum.amount if self.minimum else 0,
        )

    def _fits_minimum(self) -> bool:
        """A commitment's period is whole periods of the plan, so that it ends with one of them."""
        if self.minimum is None or self.period is PeriodUnit.TERM:
            return True
        return self.minimum.period.months % self.period.months == 0

    @property
    def call_price(self) -> int:
        """What a charged unit takes from the wallet: nothing under a package, which is paid."""
        return self.unit_price if self.kind is PlanKind.PER_CALL else 0

    @property
    def is_prepaid(self) -> bool:
        """Whether the price is due with the order."""
        return self.kind in _PREPAID

    @property
    def billing_period(self) -> PeriodUnit:
        """After how long the licence's usage is closed and trued up."""
        if self.period is PeriodUnit.TERM and self.minimum is not None:
            return self.minimum.period
        return self.period


def _are_steps(tiers: Sequence[Tier]) -> bool:
    """Whether the steps ascend, the last and only the last without an end."""
    if not 1 <= len(tiers) <= TIERS_MAX or min(tier.unit_price for tier in tiers) < 0:
        return False
    ends = [tier.up_to for tier in tiers if tier.up_to is not None]
    is_open = tiers[-1].up_to is None and len(ends) == len(tiers) - 1
    return is_open and all(before < after for before, after in pairwise([0, *ends]))


def read_plan(terms: Mapping[str, Any]) -> PlanTerms:
    """Plan terms from their JSON form; raises `PlanNotReadable`."""
    try:
        kind = PlanKind(terms["kind"])
        return PlanTerms(
            kind=kind,
            unit=Unit(terms["unit"]),
            unit_price=_price(terms, "unit_price"),
            tiers=tuple(map(_tier, terms.get("tiers") or ())),
            period=PeriodUnit(terms.get("period") or "term"),
            package_units=_package_units(terms, kind),
            package_price=_price(terms, "package_price"),
            valid_days=_valid_days(terms, kind),
            period_fee=_price(terms, "period_fee"),
            included_units=_count(terms, "included_units"),
            overage_price=_overage(terms),
            has_roll_over=_roll_over(terms),
            free_units=_count(terms, "free_units"),
            trial_units=_count(terms, "trial_units"),
            trial_days=_count(terms, "trial_days"),
            minimum=_minimum(terms.get("minimum")),
            currency=terms["currency"],
            calls_per_second=_whole(terms["calls_per_second"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, NotAnAmount) as error:
        raise PlanNotReadable from error


def _price(terms: Mapping[str, Any], name: str) -> int:
    return parse_amount(terms.get(name) or "0")


def _count(terms: Mapping[str, Any], name: str) -> int:
    return _whole(terms.get(name) or 0)


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise PlanNotReadable
    return value


def _package_units(terms: Mapping[str, Any], kind: PlanKind) -> int | None:
    is_unbounded = kind is PlanKind.YEARLY and terms.get("package_units") is None
    return None if is_unbounded else _count(terms, "package_units")


def _valid_days(terms: Mapping[str, Any], kind: PlanKind) -> int | None:
    days = _count(terms, "valid_days") or None
    return VALID_DAYS_YEARLY if kind is PlanKind.YEARLY and days is None else days


def _overage(terms: Mapping[str, Any]) -> int | None:
    price = terms.get("overage_price")
    return None if price is None else parse_amount(price)


def _roll_over(terms: Mapping[str, Any]) -> bool:
    rule = terms.get("roll_over") or "none"
    if rule not in {"none", "carry"}:
        raise PlanNotReadable
    return bool(rule == "carry")


def _tier(step: Mapping[str, Any]) -> Tier:
    up_to = step["up_to"]
    if up_to is not None and type(up_to) is not int:
        raise PlanNotReadable
    return Tier(up_to, parse_amount(step["unit_price"]))


def _minimum(minimum: Mapping[str, Any] | None) -> Minimum | None:
    if minimum is None:
        return None
    return Minimum(parse_amount(minimum["amount"]), PeriodUnit(minimum["period"]))
