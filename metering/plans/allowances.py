"""How much a worker may take at once: pure arithmetic over what is left of a grant."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

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
    is_leased_elsewhere: bool = False
    """Other leases hold some of it, and may give it back."""


@dataclass(frozen=True, slots=True)
class Source:
    """A pool that a lease may take from; ``left`` is None without bound, the price at 10⁻⁸."""

    pool_id: str
    is_free: bool
    unit_price: int
    left: int | None
    leased: int = 0


@dataclass(frozen=True, slots=True)
class Slice:
    """Units of one pool in a lease; ``unit_price`` is what they are charged at (10⁻⁸)."""

    pool_id: str
    is_free: bool
    units: int
    unit_price: int

    @property
    def amount(self) -> int:
        """What the whole slice can cost."""
        return self.units * self.unit_price


@dataclass(frozen=True, slots=True)
class Slab:
    """What a lease takes: free units first, then units of one priced pool.

    A lease of one call may reach over several pools, where no single one holds a whole call.
    """

    calls: int
    slices: tuple[Slice, ...]
    amount: int

    @property
    def units(self) -> int:
        """All units."""
        return sum(part.units for part in self.slices)

    @property
    def free_units(self) -> int:
        """Those that cost nothing and come first."""
        return sum(part.units for part in self.slices if part.is_free)

    @property
    def steps(self) -> tuple[tuple[int, int], ...]:
        """Units and price of each priced slice, in order."""
        return tuple((part.units, part.unit_price) for part in self.slices if not part.is_free)

    @property
    def first_price(self) -> int:
        """The price of the first unit that is not free (10⁻⁸)."""
        return next((price for _, price in self.steps), 0)

    def with_amount(self, amount: int) -> "Slab":
        """The slab with less money: slices of a single call are cut to what it pays for."""
        if amount >= self.amount:
            return self
        if len(self.steps) < 2:  # noqa: PLR2004 -- at one price a lease counts its money by itself
            return replace(self, amount=amount)
        return replace(self, slices=tuple(_affordable(self.slices, amount)), amount=amount)


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
    if bounds.unit_price:
        # A part of a unit in one lease would be missing for a whole unit in another.
        amount -= amount % bounds.unit_price
    if not free and amount < bounds.unit_price:
        return Shortage("amount")
    return Allowance(calls, units, free, amount)


HELD_CALLS_MAX = 16
"""A lease at a price that will be given back in part is kept short."""


def next_lease(
    wanted_calls: int,
    units_max: int,
    sources: Sequence[Source],
    *,
    calls_left: int | None,
    amount_left: int | None,
    is_patient: bool,
) -> Slab | Shortage:
    """The slab for about ``wanted_calls`` calls out of the pools in their order.

    While others still hold units of an earlier pool at another price, a patient worker takes
    nothing. An impatient one is charged the highest price among them, so that what is charged
    never falls short of the total, and what is too much is given back when the period closes.
    """
    free = [source for source in sources if source.is_free and source.left]
    paid = [source for source in sources if not source.is_free and source.left != 0]
    if not free and not paid:
        return Shortage("units", any(source.leased for source in sources))
    first = paid[0] if paid else None
    price = _held_price(sources, first)
    if first is not None and not free and price_differs(sources, first):
        if is_patient:
            return Shortage("units", is_leased_elsewhere=True)
        wanted_calls = min(wanted_calls, HELD_CALLS_MAX)
    free_left = sum(source.left or 0 for source in free)
    reach = free_left + (first.left or 0) if first is not None else free_left
    is_bounded = first is None or first.left is not None
    if is_bounded and reach < units_max and len(paid) > 1:
        return _crossing(units_max, sources, calls_left, amount_left)
    left = Remaining(calls_left, reach if is_bounded else None, free_left, amount_left)
    taken = next_slab(wanted_calls, CallBounds(units_max, price), left)
    if isinstance(taken, Shortage):
        return taken
    slices = list(_free_slices(free, taken.free_units))
    if first is not None and taken.units > taken.free_units:
        slices.append(Slice(first.pool_id, False, taken.units - taken.free_units, price))  # noqa: FBT003 -- a slice's fields
    return Slab(taken.calls, tuple(slices), taken.amount)


def price_differs(sources: Sequence[Source], chosen: Source) -> bool:
    """Whether units at another price are out on lease from a pool before the chosen one."""
    return any(
        source.leased and source.unit_price != chosen.unit_price
        for source in sources[: sources.index(chosen)]
    )


def _held_price(sources: Sequence[Source], chosen: Source | None) -> int:
    """The highest price of the chosen pool and of those before it that may get units back."""
    if chosen is None:
        return 0
    before = sources[: sources.index(chosen)]
    return max([chosen.unit_price, *(source.unit_price for source in before if source.leased)])


def _free_slices(free: Sequence[Source], units: int) -> Iterator[Slice]:
    for source in free:
        taken = min(units, source.left or 0)
        units -= taken
        if taken:
            yield Slice(source.pool_id, is_free=True, units=taken, unit_price=0)


def _crossing(
    units_max: int, sources: Sequence[Source], calls_left: int | None, amount_left: int | None
) -> Slab | Shortage:
    """One whole call over as many pools as it takes."""
    if calls_left is not None and calls_left < 1:
        return Shortage("calls")
    slices, wanted = [], units_max
    for source in sources:
        units = wanted if source.left is None else min(wanted, source.left)
        wanted -= units
        if units:
            price = 0 if source.is_free else _held_price(sources, source)
            slices.append(Slice(source.pool_id, source.is_free, units, price))
    amount = sum(part.amount for part in slices)
    if amount_left is not None and amount_left < amount:
        slices, amount = list(_affordable(slices, amount_left)), amount_left
    if not slices:
        return Shortage("amount")
    return Slab(1, tuple(slices), min(amount, sum(part.amount for part in slices)))


def _affordable(slices: Sequence[Slice], amount: int) -> Iterator[Slice]:
    """The slices, cut where the money ends."""
    for part in slices:
        units = min(part.units, amount // part.unit_price) if part.unit_price else part.units
        if units:
            yield replace(part, units=units)
        amount -= units * part.unit_price
        if units < part.units:
            return


def least_amount(slab: Slab) -> int:
    """The money without which the slab does not serve a single unit (10⁻⁸)."""
    return 0 if slab.free_units else min(slab.first_price, slab.amount)


SLAB_SECONDS = 2.0
GROWTH_MAX = 8


def grow(slab_calls: int, *, was_used_up_in_seconds: float, slab_calls_max: int) -> int:
    """The next slab's size: one that lasts `SLAB_SECONDS` instead of less than half of that.

    It grows at most `GROWTH_MAX` times at once, and is halved when it lasts twice as long.
    """
    if was_used_up_in_seconds < SLAB_SECONDS / 2:
        growth = SLAB_SECONDS / max(was_used_up_in_seconds, SLAB_SECONDS / GROWTH_MAX)
        return min(int(slab_calls * growth), slab_calls_max)
    return max(1, slab_calls // 2) if was_used_up_in_seconds > SLAB_SECONDS * 2 else slab_calls
