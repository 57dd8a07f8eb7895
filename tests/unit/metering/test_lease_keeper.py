"""How much a worker leases at once follows from how a licence is used, also after a pause."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from app.core.clock import SystemClock
from metering.fences import ANNOUNCE, read_message
from metering.leases.errors import BalanceExhausted, QuotaExhausted
from metering.leases.keeper import RECALL_SECONDS, RECALLS_MAX, LeaseKeeper
from metering.leases.meters import SLAB_CALLS, Headroom, Lane, Lease
from metering.leases.store import Granted, NotGranted
from metering.leaves import LaneNames
from metering.plans.allowances import SHARE, CallBounds

PLENTY = 10**15


class Connections:
    """Nobody is asked."""

    def __init__(self):
        self.flushed = []

    @contextmanager
    def transaction(self, *, is_flushed=True):
        self.flushed.append(is_flushed)
        yield None


class Leases:
    """Grants what is asked for, and remembers how much that was."""

    clock = SystemClock()

    def __init__(self):
        self.asked, self.closed, self.returned = [], [], []
        self.amounts = {}

    def acquire(self, _connection, wanted):
        self.asked.append(wanted.calls)
        self.closed += wanted.drained_lease_ids
        names = LaneNames("lic_1", "ver_1", "scn_1", "ab" * 32, "CNY", 1)
        amount = self.amounts.get(wanted.licence.licence_id, PLENTY)
        lease = Lease(f"lse_{len(self.asked)}", wanted.calls, wanted.calls, 0, amount)
        return Granted(lease, None, Lane("lan_1", names, 1, 0, 0, 0, bytes(32)), Headroom())

    def close(self, _connection, licence_id, _lane):
        self.returned.append(licence_id)


@pytest.fixture
def leases():
    return Leases()


@pytest.fixture
def keeper(leases):
    made = LeaseKeeper(Connections(), leases, pause=lambda _seconds: None)
    yield made
    made.close()


def key_of(licence_id="lic_1", *, buyer_id="org_buyer", unit_price=10):
    bounds = CallBounds(1, unit_price)
    licence = SimpleNamespace(
        licence_id=licence_id, buyer_id=buyer_id, bounds=bounds, plan=None, currency="CNY"
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


def rest(keeper):
    keeper.trim_idle(idle_seconds=-1)


def test_a_lease_that_rests_is_settled_and_a_share_of_it_kept(keeper, leases):
    use(keeper, 1)
    keeper._meters["lic_1"].slab_calls = 400
    rest(keeper)
    assert (leases.asked, leases.closed) == ([SLAB_CALLS, 400 // SHARE], ["lse_1"])


def test_a_burst_after_a_rest_does_not_lease_again_at_once(keeper, leases):
    use(keeper, 1)
    keeper._meters["lic_1"].slab_calls = 400
    rest(keeper)
    use(keeper, 1)
    assert not keeper._meters["lic_1"].is_renewing
    assert leases.asked == [SLAB_CALLS, 400 // SHARE]


def test_a_lease_rests_once_after_each_use(keeper, leases):
    use(keeper, 1)
    rest(keeper)
    rest(keeper)
    assert leases.closed == ["lse_1"]
    use(keeper, 1)
    rest(keeper)
    assert leases.closed == ["lse_1", "lse_2"]


def test_a_lease_with_a_call_in_flight_does_not_rest(keeper, leases):
    meter, reservation = keeper.reserve(key_of())
    rest(keeper)
    assert leases.closed == []
    meter.settle(reservation, None)
    rest(keeper)
    assert leases.closed == ["lse_1"]


def test_a_lease_that_was_used_lately_does_not_rest(keeper, leases):
    use(keeper, 1)
    keeper.trim_idle(idle_seconds=1000)
    assert leases.closed == []


def test_what_rested_is_remembered_as_before_when_it_is_given_back(keeper, leases):
    use(keeper, 1)
    keeper._meters["lic_1"].slab_calls = 400
    rest(keeper)
    keeper.close_idle(idle_seconds=-1)
    use(keeper, 1)
    assert leases.asked == [SLAB_CALLS, 100, 100]


def test_only_what_closes_leases_on_a_lane_that_goes_on_waits_for_the_disk(keeper):
    use(keeper, 1)
    rest(keeper)
    keeper.close_idle(idle_seconds=-1)
    assert keeper._connections.flushed == [False, True, False]


@pytest.fixture
def idle(keeper, leases, monkeypatch):
    """Four licences that were used a while ago: two with money, one without, one of another."""
    leases.amounts = {"lic_little": 100, "lic_much": 900, "lic_paid": 0}
    keys = [
        key_of("lic_little"),
        key_of("lic_paid", unit_price=0),
        key_of("lic_much"),
        key_of("lic_other", buyer_id="org_other"),
    ]
    for key in keys:
        meter, reservation = keeper.reserve(key)
        meter.settle(reservation, None)
        meter.used_at -= RECALL_SECONDS
    return keeper


def test_a_recall_of_money_takes_what_holds_some_and_the_most_first(idle, leases):
    idle.give_back_money(frozenset({"org_buyer"}))
    assert leases.returned == ["lic_much", "lic_little"]


def test_a_recall_of_a_licence_leaves_the_buyer_s_others(idle, leases):
    idle.give_back(frozenset({"lic_paid"}))
    assert leases.returned == ["lic_paid"]


def test_a_recall_leaves_what_was_used_just_now(idle, leases):
    idle._meters["lic_much"].used_at += 1000
    idle.give_back_money(frozenset({"org_buyer"}))
    assert leases.returned == ["lic_little"]


class Announced:
    """Keeps what is announced."""

    def __init__(self):
        self.messages = []

    @contextmanager
    def transaction(self, **_options):
        yield self

    def execute(self, statement, given):
        assert statement == ANNOUNCE
        self.messages.append(read_message(given["message"]))


def short_of(bound):
    """A lease store with nothing to lease: others hold it."""
    return SimpleNamespace(
        clock=SystemClock(),
        acquire=lambda *_: NotGranted(bound, is_leased_elsewhere=True, unit_price=10),
    )


@pytest.mark.parametrize(
    ("bound", "asked"),
    [
        ("balance", ("money-recall", ["org_buyer"])),
        ("units", ("recall", ["lic_1"])),
        ("calls", ("recall", ["lic_1"])),
    ],
)
def test_others_are_asked_for_what_is_short(bound, asked):
    announced = Announced()
    keeper = LeaseKeeper(announced, short_of(bound), pause=lambda _seconds: None)
    with pytest.raises((BalanceExhausted, QuotaExhausted)):
        keeper.reserve(key_of())
    keeper.close()
    assert announced.messages == [asked] * RECALLS_MAX


def test_a_meter_whose_lane_was_lost_is_forgotten_though_its_licence_is_never_called_again(keeper):
    for licence_id in ("lic_lost", "lic_used"):
        meter, reservation = keeper.reserve(key_of(licence_id))
        meter.settle(reservation, None)
        if licence_id == "lic_lost":
            meter.abandon()
    keeper.close_idle(idle_seconds=3600)
    assert [meter.licence_id for meter in keeper._all()] == ["lic_used"]
