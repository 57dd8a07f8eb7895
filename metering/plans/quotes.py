"""What a volume will cost under a plan, by the code that closes periods."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from metering.plans.bills import PeriodBill, PeriodUsage, bill_periods, packages_of
from metering.plans.calendar import PeriodUnit, Term, boundary, spans
from metering.plans.terms import PlanTerms

WARNINGS = (
    "ends-with-scenario",
    "ends-with-licence",
    "licence-revoked",
    "licence-ended",
    "licence-not-begun",
    "listing-suspended",
)
"""Codes of what a buyer should know before it pays."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a volume would cost, by when it is paid; amounts at 10⁻⁸."""

    units: int
    free_units: int
    packages: int
    order_amount: int
    usage_amount: int
    fee_amount: int = 0
    minimum_amount: int = 0
    """What minimum commitments add to the usage."""
    refused_units: int = 0
    """Beyond a plan that stops; they cost nothing, for they are not sold."""
    periods: tuple[PeriodBill, ...] = field(default=(), compare=False)

    @property
    def total_amount(self) -> int:
        """Everything that the buyer would pay."""
        return self.order_amount + self.usage_amount + self.fee_amount + self.minimum_amount


@dataclass(frozen=True, slots=True)
class QuoteWarning:
    """What would be paid until when (None: nothing ahead), and usable until when only.

    Without ``usable_until`` it cannot be used now, and no day is known on which it can again.
    """

    code: str
    paid_until: datetime | None
    usable_until: datetime | None


def quote_warnings(
    terms: PlanTerms, *, starts_at: datetime, until_at: datetime | None
) -> tuple[QuoteWarning, ...]:
    """Whether a package or year outlasts the scenario, which ends it at its whole price."""
    if until_at is None or not (terms.is_prepaid and terms.valid_days):
        return ()
    paid_until = starts_at + timedelta(days=terms.valid_days)
    if paid_until <= until_at:
        return ()
    return (QuoteWarning("ends-with-scenario", paid_until, until_at),)


def licence_warnings(
    state: str, route_state: str, term: Term, *, at: datetime, until_at: datetime | None
) -> tuple[QuoteWarning, ...]:
    """Why a licence cannot be called with now, or not until the day its units are wanted."""
    if "revoked" in {state, route_state}:
        return (QuoteWarning("licence-revoked", None, None),)
    found, ends_at = [], term.ends_at
    if at < term.starts_at:
        found.append(QuoteWarning("licence-not-begun", None, ends_at))
    if ends_at <= at:
        found.append(QuoteWarning("licence-ended", None, ends_at))
    elif until_at is not None and until_at > ends_at:
        found.append(QuoteWarning("ends-with-licence", None, ends_at))
    if route_state == "suspended":
        found.append(QuoteWarning("listing-suspended", None, None))
    return tuple(found)


def quote_periods(terms: PlanTerms, period_units: Sequence[int], *, starts_at: datetime) -> Quote:
    """The price of so many units in each of successive whole periods from a licence's start.

    A plan that counts over its whole term is quoted by month. Trial units are taken to be used in
    time. Units beyond a package, or wanted in a period that begins behind its expiry, need another.
    """
    unit = terms.billing_period
    unit = PeriodUnit.MONTH if unit is PeriodUnit.TERM else unit
    term = Term(starts_at, boundary(starts_at, unit, len(period_units)))
    trial_ends_at = starts_at + timedelta(days=terms.trial_days)
    usages = [
        PeriodUsage(found, units, units if found.from_at < trial_ends_at else 0)
        for found, units in zip(spans(term, unit, until_at=term.ends_at), period_units, strict=True)
    ]
    bills = bill_periods(terms, term, usages)
    packages = sum(packages_of(terms, bills))
    return Quote(
        units=sum(period_units),
        free_units=sum(bill.free_units for bill in bills),
        packages=packages,
        order_amount=packages * terms.package_price,
        usage_amount=sum(bill.usage_amount for bill in bills),
        fee_amount=sum(bill.fee_amount for bill in bills),
        minimum_amount=sum(bill.missing_amount for bill in bills),
        refused_units=sum(bill.refused_units for bill in bills),
        periods=bills,
    )


@dataclass(frozen=True, slots=True)
class PoolLeft:
    """Units of a running licence's pool that are not spent; None is without bound."""

    is_free: bool
    unit_price: int
    left: int | None


def quote_next(pools: Sequence[PoolLeft], units: int) -> Quote:
    """What the next ``units`` of a running licence cost, by what its pools still hold."""
    rest, free_units, amount = units, 0, 0
    for pool in pools:
        taken = rest if pool.left is None else min(rest, pool.left)
        rest -= taken
        free_units += taken if pool.is_free else 0
        amount += taken * pool.unit_price
    return Quote(units, free_units, 0, 0, amount, refused_units=rest)
