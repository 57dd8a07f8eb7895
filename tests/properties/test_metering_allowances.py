"""However leases are taken, used and given back, nothing is oversold and nothing is lost."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from metering.answers.outcomes import Outcome, OutcomeKind
from metering.leases.meters import Lease, Meter
from metering.plans.allowances import Allowance, CallBounds, Remaining, Shortage, next_slab
from metering.plans.quotes import quote_periods
from metering.plans.rating import rate_usage
from metering.plans.terms import read_plan
from tests.factories.metering import package, per_call
from tests.fakes.clock import START

counts = st.integers(0, 10**6)


@given(
    wanted=st.integers(1, 5000),
    units_max=st.integers(1, 1000),
    price=st.integers(0, 10**9),
    calls=st.none() | counts,
    units=st.none() | counts,
    free=counts,
    amount=st.none() | st.integers(0, 10**15),
)
def test_a_slab_never_exceeds_what_remains(wanted, units_max, price, calls, units, free, amount):
    slab = next_slab(wanted, CallBounds(units_max, price), Remaining(calls, units, free, amount))
    if isinstance(slab, Shortage):
        return
    assert calls is None or 1 <= slab.calls <= calls
    assert units is None or 1 <= slab.units <= units
    assert slab.free_units <= min(free, slab.units)
    assert amount is None or slab.amount <= amount
    assert slab.amount <= (slab.units - slab.free_units) * price


@given(units=st.integers(1, 5000), wanted=st.integers(1, 5000))
def test_slabs_shrink_to_one_call_near_the_limit_and_take_all_of_it(units, wanted):
    """The last calls are in as many hands as want them, and none is left over."""
    taken = []
    while sum(taken) < units:
        left = units - sum(taken)
        slab = next_slab(wanted, CallBounds(1, 0), Remaining(None, left, 0, None))
        assert isinstance(slab, Allowance)
        assert slab.units == 1 or slab.units <= left / 4
        taken.append(slab.units)
    assert sum(taken) == units
    assert taken[-min(6, units) :] == [1] * min(6, units)


@given(units=st.lists(st.integers(1, 50), max_size=30), free=st.integers(0, 500))
def test_calls_one_by_one_cost_what_the_volume_is_quoted_at(units, free):
    plan, left, paid = read_plan(per_call(free_units=free)), free, 0
    for count in units:
        steps = [(count, plan.unit_price)]
        charge = rate_usage(count, free_units_left=left, steps=steps)
        left, paid = left - charge.free_units, paid + charge.amount
    assert paid == (quote_periods(plan, [sum(units)], starts_at=START).total_amount if units else 0)


@given(size=st.integers(1, 1000), units=st.integers(1, 100_000))
def test_packages_cover_the_volume_and_not_one_more_is_sold(size, units):
    packages = quote_periods(read_plan(package(size)), [units], starts_at=START).packages
    assert (packages - 1) * size < units <= packages * size


class Interleaving(RuleBasedStateMachine):
    """Several workers lease, reserve, settle and crash over one grant, in any order."""

    @initialize(granted=st.integers(1, 200), units_max=st.integers(1, 5), workers=st.integers(1, 4))
    def begin(self, granted, units_max, workers):
        self.granted, self.spent, self.leased = granted, 0, 0
        self.bounds = CallBounds(units_max, 0)
        self.workers = [self.worker(at) for at in range(workers)]

    def worker(self, at):
        return {"meter": Meter(f"lic_{at}", "org"), "leases": [], "held": []}

    @rule(at=st.integers(0, 3), wanted=st.integers(1, 64))
    def lease(self, at, wanted):
        worker = self.workers[at % len(self.workers)]
        left = self.granted - self.spent - self.leased
        slab = next_slab(wanted, self.bounds, Remaining(None, left, 0, None))
        if isinstance(slab, Allowance):
            lease = Lease.of(f"lse_{len(worker['leases'])}", slab)
            worker["meter"].leases.append(lease)
            worker["leases"].append([slab.units, 0])
            self.leased += slab.units

    @rule(at=st.integers(0, 3), least=st.integers(1, 5))
    def reserve(self, at, least):
        worker = self.workers[at % len(self.workers)]
        held = worker["meter"].reserve(self.bounds, least=min(least, self.bounds.units_max))
        if held is not None:
            worker["held"].append(held)

    @precondition(lambda self: any(worker["held"] for worker in self.workers))
    @rule(data=st.data(), is_answered=st.booleans())
    def settle(self, data, is_answered):
        worker = data.draw(st.sampled_from([w for w in self.workers if w["held"]]))
        held = worker["held"].pop()
        units = data.draw(st.integers(0, held.units))
        charge = rate_usage(units, free_units_left=0, steps=held.steps)
        worker["meter"].settle(held, charge if is_answered else None)
        if is_answered:
            worker["leases"][int(held.lease.lease_id[4:])][1] += units

    @rule(at=st.integers(0, 3))
    def crash(self, at):
        """The worker is gone; its leases return but for what their durable rows show."""
        at %= len(self.workers)
        for units, spent in self.workers[at]["leases"]:
            self.leased -= units
            self.spent += spent
        self.workers[at] = self.worker(at)

    @invariant()
    def nothing_is_oversold(self):
        if not hasattr(self, "workers"):
            return
        assert self.spent >= 0
        assert self.leased >= 0
        assert self.spent + self.leased <= self.granted
        for worker in self.workers:
            assert all(0 <= spent <= units for units, spent in worker["leases"])

    @invariant()
    def a_lease_knows_what_it_holds(self):
        for worker in getattr(self, "workers", []):
            held = {}
            for reservation in worker["held"]:
                key = reservation.lease.lease_id
                held[key] = held.get(key, 0) + reservation.units
            for lease in worker["meter"].leases:
                units, spent = worker["leases"][int(lease.lease_id[4:])]
                assert lease.units + held.get(lease.lease_id, 0) + spent == units


TestInterleaving = Interleaving.TestCase


@given(rows=st.integers(0, 10**6))
def test_a_miss_never_has_rows(rows):
    assert Outcome(OutcomeKind.ROWS, rows).is_answer
    assert not Outcome(OutcomeKind.TIMEOUT).is_answer
