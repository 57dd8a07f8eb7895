"""What a worker knows of a licence adds up, whichever of its keys the leases were taken for."""

import sys
import threading

import pytest

from metering.leases.meters import Headroom, Lane, Lease, Meter
from metering.leaves import LaneNames
from metering.plans.allowances import CallBounds

LANE = Lane("lan_1", LaneNames("lic_1", "ver_1", "scn_1", "h", "CNY", 1), 1, 0, 0, 0, b"")


def leased(meter, lease_id, calls, key_id, beyond):
    """A lease of so many calls, each one unit at a price of 1."""
    meter.add(LANE, Lease(lease_id, calls, calls, 0, calls, key_id=key_id), beyond)


def test_a_lease_for_one_key_is_not_counted_again_for_another():
    meter = Meter("lic_1", "org_buyer")
    leased(meter, "lse_1", 10, "key_capped", Headroom(90, 90, 40, 990))
    leased(meter, "lse_2", 30, None, Headroom(60, 60, None, 960))
    whole = (100, 100)
    assert meter.headroom("key_capped") == Headroom(*whole, 50, 1_000)
    assert meter.headroom() == Headroom(*whole, None, 1_000)


def test_a_call_that_comes_to_nothing_leaves_its_lease_as_it_was():
    meter = Meter("lic_1", "org_buyer")
    leased(meter, "lse_1", 10, None, Headroom(90, 90, None, 990))
    taken = meter.reserve(CallBounds(units_max=4, unit_price=1), least=4)
    assert meter.headroom() == Headroom(99, 96, None, 996)
    meter.settle(taken, None)
    assert meter.headroom() == Headroom(100, 100, None, 1_000)
    (lease,) = meter.leases
    assert lease.in_flight == 0


def test_nothing_is_said_of_what_was_never_looked_at():
    assert Meter("lic_1", "org_buyer").headroom() == Headroom()


@pytest.fixture
def eager_threads():
    """Threads that take turns at nearly every step."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager_threads")
def test_whether_a_lease_runs_low_is_asked_while_others_come_and_go():
    """An error here would leave the call's own reservation with nobody to settle it."""
    meter = Meter("lic_1", "org_buyer", slab_calls=4)
    for number in range(5):
        leased(meter, f"lse_{number}", 1 if number else 0, f"key_{number}", Headroom())
    over = threading.Event()

    def come_and_go():
        while not over.is_set():
            meter.add(LANE, Lease("lse_gone", 0, 0, 0, 0, ends_at=1.0), Headroom())
            meter.ended(at=2.0)

    others = threading.Thread(target=come_and_go)
    others.start()
    try:
        asked = [meter.is_running_low("key_0") for _ in range(100_000)]
    finally:
        over.set()
        others.join()
    assert all(asked)
