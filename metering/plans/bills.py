"""What periods of usage come to under a plan: the one code of closing, quotes and replays."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from metering.plans.calendar import PeriodUnit, Span, Term, span_at
from metering.plans.pools import Pool, amount_of, free_units_of, pools_of, units_max
from metering.plans.terms import Minimum, PlanKind, PlanTerms


@dataclass(frozen=True, slots=True)
class PeriodUsage:
    """Units of one period; ``trial_units`` of them were used in the trial's days."""

    span: Span
    units: int
    trial_units: int = 0


@dataclass(frozen=True, slots=True)
class PeriodBill:
    """What a period comes to; amounts at 10⁻⁸."""

    span: Span
    units: int
    free_units: int
    refused_units: int
    """Beyond a plan that stops: not sold, not charged."""
    usage_amount: int
    fee_amount: int
    minimum_amount: int

    @property
    def missing_amount(self) -> int:
        """What the commitment adds to the usage."""
        return max(0, self.minimum_amount - self.usage_amount)

    @property
    def total_amount(self) -> int:
        """Usage or commitment, whichever is greater, and the fee."""
        return self.usage_amount + self.missing_amount + self.fee_amount


def minimum_left(
    minimum: Minimum | None,
    term: Term,
    period: Span,
    *,
    reached: int,
    ended_at: datetime | None = None,
) -> int:
    """What this period must come to, when the commitment's own period ends with it, else 0.

    ``reached`` is what the periods before it, of the same commitment's period, came to. A licence
    that was ended early owes its commitment in proportion to the time that it had.
    """
    if minimum is None:
        return 0
    whole = commitment_span(minimum, term, period)
    if ended_at is not None:
        whole = replace(whole, until_at=max(whole.from_at, min(whole.until_at, ended_at)))
    elif period.until_at < whole.until_at:
        return 0
    return max(0, whole.in_proportion(minimum.amount) - reached)


@dataclass(frozen=True, slots=True)
class TermPeriod:
    """A period of a plan that counts over its term, charged call by call; amounts at 10⁻⁸."""

    paid_units: int
    charged_amount: int
    minimum_amount: int


@dataclass(frozen=True, slots=True)
class LastOfTerm:
    """What the period that closes last comes to, and what goes back of the others (10⁻⁸)."""

    total_amount: int
    returned_amount: int


def true_up_term(pools: Sequence[Pool], periods: Sequence[TermPeriod], closing: int) -> LastOfTerm:
    """The end of a term whose other periods are closed at what their calls were charged.

    Due is each period's price, by its units behind all units before it, or its commitment; paid
    was its charge, or its commitment. What was paid beyond the due goes back; what a commitment
    took in of a charge too high is never asked for again. ``closing`` is the place in ``periods``.
    """
    ends = [0, *accumulate(each.paid_units for each in periods)]
    prices = [amount_of(pools, end) - amount_of(pools, start) for start, end in pairwise(ends)]
    last, price = periods[closing], prices[closing]
    beyond = sum(
        max(each.charged_amount, each.minimum_amount) - max(asked, each.minimum_amount)
        for place, (each, asked) in enumerate(zip(periods, prices, strict=True))
        if place != closing
    )
    due = max(price, last.minimum_amount)
    if beyond < 0:
        return LastOfTerm(min(last.charged_amount, due - beyond), 0)
    total = min(last.charged_amount, price)
    # Units that an earlier period left over are charged here, at the price of their pool.
    lacking = due - max(total, last.minimum_amount)
    return LastOfTerm(total, max(0, beyond - lacking))


def commitment_span(minimum: Minimum, term: Term, period: Span) -> Span:
    """The commitment's period into which a period falls."""
    found = span_at(term, minimum.period, period.from_at)
    assert found is not None, "a period begins inside its term"
    return found


def left_to_carry(terms: PlanTerms, included_left: int) -> int:
    """Units that move on to the next period: at most one period's, and only if the plan says so."""
    if terms.kind is not PlanKind.SUBSCRIPTION or not terms.has_roll_over:
        return 0
    return min(included_left, terms.included_units)


class Biller:
    """Bills the periods of one licence in their order."""

    def __init__(self, terms: PlanTerms, term: Term) -> None:
        self._terms = terms
        self._term = term
        (_, self._trial_left), (_, self._free_left) = free_units_of(terms)
        self._carried = 0
        self._paid_before = 0
        self._reached: dict[int, int] = {}

    def bill(self, usage: PeriodUsage) -> PeriodBill:
        """The next period's bill."""
        trial = min(usage.trial_units, self._trial_left)
        free = min(usage.units - trial, self._free_left)
        self._trial_left -= trial
        self._free_left -= free
        paid = usage.units - trial - free
        amount, refused = self._price(paid)
        minimum = self._minimum(usage.span, amount)
        return PeriodBill(
            usage.span,
            usage.units,
            trial + free,
            refused,
            amount,
            self._terms.period_fee,
            minimum,
        )

    def _price(self, paid: int) -> tuple[int, int]:
        pools = paid_pools(self._terms, carried_units=self._carried)
        before = self._paid_before
        most = units_max(pools)
        sold = paid if most is None or self._terms.is_prepaid else min(paid, most - before)
        if self._terms.is_prepaid:
            return 0, 0
        amount = amount_of(pools, before + sold) - amount_of(pools, before)
        if self._terms.period is PeriodUnit.TERM:
            self._paid_before += sold
        elif self._terms.has_roll_over:
            included = self._terms.included_units + self._carried
            self._carried = left_to_carry(self._terms, max(0, included - sold))
        return amount, paid - sold

    def _minimum(self, period: Span, amount: int) -> int:
        minimum = self._terms.minimum
        if minimum is None:
            return 0
        number = commitment_span(minimum, self._term, period).number
        reached = self._reached.get(number, 0)
        self._reached[number] = reached + amount
        return minimum_left(minimum, self._term, period, reached=reached)


def paid_pools(terms: PlanTerms, *, carried_units: int = 0) -> tuple[Pool, ...]:
    """A period's pools without those that are free."""
    return tuple(
        pool for pool in pools_of(terms, carried_units=carried_units) if not pool.kind.is_free
    )


def bill_periods(
    terms: PlanTerms, term: Term, usages: Iterable[PeriodUsage]
) -> tuple[PeriodBill, ...]:
    """The bills of a licence's periods, in order."""
    biller = Biller(terms, term)
    return tuple(map(biller.bill, usages))


def packages_of(terms: PlanTerms, bills: Sequence[PeriodBill]) -> list[int]:
    """How many packages or years are bought in each period, each until it expires.

    One from the start on, others where units lack; none where the plan is not paid beforehand.
    """
    if not terms.is_prepaid:
        return [0] * len(bills)
    (pool,) = paid_pools(terms)
    wanted = [bill.units - bill.free_units for bill in bills]
    each_holds = max(1, sum(wanted)) if pool.units is None else pool.units
    packages, held = list[int](), list[tuple[datetime | None, int]]()
    for bill, units in zip(bills, wanted, strict=True):
        at = bill.span.from_at
        held = [(until, left) for until, left in held if until is None or until > at]
        lacking = units - sum(left for _, left in held)
        bought = max(0 if packages else 1, -(-lacking // each_holds))
        if bought:
            until_at = None if terms.valid_days is None else at + timedelta(days=terms.valid_days)
            held.append((until_at, bought * each_holds))
        packages.append(bought)
        held = list(_without(held, units))
    return packages


def _without(
    held: Sequence[tuple[datetime | None, int]], units: int
) -> Iterator[tuple[datetime | None, int]]:
    """What is left of each when units were used, the oldest first."""
    for until, left in held:
        used = min(units, left)
        units -= used
        yield until, left - used
