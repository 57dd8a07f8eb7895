"""Workers that lease, call, give back and die over one licence's pools, in any order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from metering.leases.meters import Lease, Meter
from metering.plans.allowances import CallBounds, Slab, Source, next_lease
from metering.plans.pools import amount_of, pools_of
from metering.plans.rating import rate_usage
from metering.plans.terms import read_plan
from tests.factories.plans import bounded_plans, tiered, usage_plans

WORKERS = 3


class Books:
    """The pools' rows, and the workers that take from them."""

    def __init__(self, terms, units_max):
        self.pools = pools_of(read_plan(terms))
        self.spent = [0] * len(self.pools)
        self.leased = [0] * len(self.pools)
        self.bounds = CallBounds(units_max, 0)
        self.meters = [Meter(f"lic_{at}", "org") for at in range(WORKERS)]
        self.open = [[] for _ in range(WORKERS)]
        self.units = self.free_units = self.charged = 0

    def sources(self):
        return [
            Source(
                str(at),
                pool.kind.is_free,
                pool.unit_price,
                None if pool.units is None else pool.units - self.spent[at] - self.leased[at],
                self.leased[at],
            )
            for at, pool in enumerate(self.pools)
        ]

    def lease(self, worker, wanted, *, is_patient):
        slab = next_lease(
            wanted,
            self.bounds.units_max,
            self.sources(),
            calls_left=None,
            amount_left=None,
            is_patient=is_patient,
        )
        if not isinstance(slab, Slab):
            return
        for part in slab.slices:
            assert part.units > 0
            self.leased[int(part.pool_id)] += part.units
        lease = Lease.over(f"lse_{len(self.open[worker])}", slab)
        self.meters[worker].leases.append(lease)
        self.open[worker].append([lease, slab, 0, 0])

    def call(self, worker, units):
        """One call that is answered with ``units``, or comes to nothing."""
        meter = self.meters[worker]
        held = meter.reserve(self.bounds, least=self.bounds.units_max) or meter.reserve(
            self.bounds, least=1
        )
        if held is None:
            return
        units = min(units, held.units)
        charge = rate_usage(units, free_units_left=held.free_units, steps=held.steps)
        assert charge.amount <= held.amount
        meter.settle(held, charge if units else None)
        self.units += units
        self.free_units += charge.free_units
        self.charged += charge.amount
        row = next(row for row in self.open[worker] if row[0] is held.lease)
        row[2] += units
        row[3] += charge.free_units

    def give_back(self, worker):
        """Idle, drained or dead: the rows say what was spent, and the rest returns."""
        for _, slab, spent, spent_free in self.open[worker]:
            left = {True: spent_free, False: spent - spent_free}
            for part in slab.slices:
                taken = min(part.units, left[part.is_free])
                left[part.is_free] -= taken
                self.leased[int(part.pool_id)] -= part.units
                self.spent[int(part.pool_id)] += taken
            assert left == {True: 0, False: 0}
        self.open[worker] = []
        self.meters[worker] = Meter("lic", "org")

    def check(self):
        for pool, spent, leased in zip(self.pools, self.spent, self.leased, strict=True):
            assert spent >= 0
            assert leased >= 0
            assert pool.units is None or spent + leased <= pool.units

    def due(self):
        """What the closing asks for: idle free units are used up first."""
        free = [at for at, pool in enumerate(self.pools) if pool.kind.is_free]
        left = sum((self.pools[at].units or 0) - self.spent[at] for at in free)
        paid = self.units - self.free_units
        priced = [pool for pool in self.pools if not pool.kind.is_free]
        return amount_of(priced, paid - min(paid, left))


@st.composite
def short_steps(draw):
    """Plans whose boundaries are never far away."""
    ends = sorted(draw(st.sets(st.integers(1, 12), min_size=1, max_size=3)))
    prices = draw(st.lists(st.sampled_from("1234"), min_size=4, max_size=4))
    kind = draw(st.sampled_from(["graduated", "volume"]))
    found = list(zip([*ends, None], prices, strict=False))
    return tiered(kind, *found, free_units=draw(st.integers(0, 3)))


workers = st.integers(0, WORKERS - 1)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("lease"), workers, st.integers(1, 20), st.sampled_from([True, False])),
        st.tuples(st.just("call"), workers, st.integers(0, 12)),
        st.tuples(st.just("give_back"), workers),
    ),
    min_size=12,
    max_size=120,
)


@settings(max_examples=300)
@given(
    terms=st.one_of(short_steps(), short_steps(), usage_plans, bounded_plans),
    units_max=st.sampled_from([1, 1, 1, 2, 5]),
    done=operations,
)
def test_what_is_charged_is_never_less_than_the_total_and_nothing_is_oversold(
    terms, units_max, done
):
    books = Books(terms, units_max)
    for name, worker, *given_ in done:
        if name == "lease":
            books.lease(worker, given_[0], is_patient=given_[1])
        else:
            getattr(books, name)(worker, *given_)
        books.check()
    for worker in range(WORKERS):
        books.give_back(worker)
    books.check()
    assert sum(books.spent) == books.units
    assert sum(books.leased) == 0
    assert books.charged >= books.due()


@given(
    terms=short_steps() | usage_plans,
    units_max=st.integers(1, 12),
    calls=st.lists(st.integers(0, 12)),
)
def test_one_worker_with_one_call_at_a_time_charges_exactly_the_total(terms, units_max, calls):
    """Nothing is given back where nothing ran at once: a used lease is closed before the next."""
    books = Books(terms, units_max)
    for units in calls:
        before = books.units
        books.lease(0, 1, is_patient=True)
        books.call(0, units)
        assert books.units - before == min(units, units_max)
        books.give_back(0)
    assert books.charged == books.due() == amount_of(books.pools, books.units)
