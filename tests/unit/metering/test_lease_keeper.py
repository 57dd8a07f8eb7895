"""How much a worker leases at once follows from how a licence is used, also after a pause."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from app.core.clock import SystemClock
from metering.leases.keeper import LeaseKeeper
from metering.leases.meters import SLAB_CALLS, Headroom, Lane, Lease
from metering.leases.store import Granted
from metering.leaves import LaneNames
from metering.plans.allowances import SHARE, CallBounds

PLENTY = 10**15


class Connections:
    """Nobody is asked."""

    @contextmanager
    def transaction(self, *, is_flushed):
        assert not is_flushed
        yield None


class Leases:
    """Grants what is asked for, and remembers how much that was."""

    clock = SystemClock()

    def __init__(self):
        self.asked = []

    def acquire(self, _connection, wanted):
        self.asked.append(wanted.calls)
        names = LaneNames("lic_1", "ver_1", "scn_1", "ab" * 32, "CNY", 1)
        lease = Lease(f"lse_{len(self.asked)}", wanted.calls, wanted.calls, 0, PLENTY)
        return Granted(lease, None, Lane("lan_1", names, 1, 0, 0, 0, bytes(32)), Headroom())

    def close(self, *_):
        pass


@pytest.fixture
def leases():
    return Leases()


@pytest.fixture
def keeper(leases):
    made = LeaseKeeper(Connections(), leases, pause=lambda _seconds: None)
    yield made
    made.close()


def key_of(licence_id="lic_1"):
    licence = SimpleNamespace(
        licence_id=licence_id, buyer_id="org_buyer", bounds=CallBounds(1, 10), plan=None
    )
    return SimpleNamespace(licence=licence, capped_id=None, key_id="key_1")


def use(keeper, calls):
    for _ in range(calls):
        meter, reservation = keeper.reserve(key_of())
        meter.settle(reservation, None)


def test_a_licence_begins_with_few_calls(keeper, leases):
    use(keeper, 1)
    assert leases.asked == [SLAB_CALLS]


def test_a_busy_licence_begins_with_a_share_of_its_last_lease_after_a_pause(keeper, leases):
    use(keeper, 1)
    busy = keeper._meters["lic_1"]
    busy.slab_calls = 400
    keeper.close_idle(idle_seconds=-1)
    use(keeper, 1)
    assert leases.asked == [SLAB_CALLS, 400 // SHARE]


def test_what_was_busy_once_is_forgotten_pause_by_pause(keeper, leases):
    use(keeper, 1)
    keeper._meters["lic_1"].slab_calls = 400
    for _ in range(5):
        keeper.close_idle(idle_seconds=-1)
        use(keeper, 1)
    assert leases.asked == [SLAB_CALLS, 100, 25, 6, SLAB_CALLS, SLAB_CALLS]
