"""Periods open with their pools and fee, leases end with them, and closing comes to the total."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from app.core.errors import CounterfoilError, ErrorKind
from app.core.reach import Reach
from metering import services
from metering.events import PeriodClosed, PeriodFeeUnpaid, PeriodOpened
from metering.leases.sql import LOCK_ENTITLEMENT
from metering.plans import steps
from metering.plans.past_periods import list_periods
from metering.plans.steps import turn_periods
from metering.ports import UpstreamAnswer
from metering.queries import get_entitlement
from tests.factories.metering import World, call, package, per_call
from tests.factories.plans import graduated, subscription, volume, yearly
from tests.fakes.metering_ports import HeldUpstream

YUAN = 10**8
DAY = 86_400
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","lat":"31.1"}')


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(1000 * YUAN)
    yield made
    made.close()


class Caller:
    """Calls under one licence through one plane."""

    def __init__(self, world, plan, **settings):
        self.world = world
        self.licensed = world.license(plan, days=800, age_days=0)
        self.plane = world.plane(HeldUpstream(HIT), **settings)

    def __call__(self, times=1):
        answers = [call(self.plane, self.licensed, {"iata": "PVG"}) for _ in range(times)]
        return answers[-1] if times == 1 else [answer.status for answer in answers]

    def close_period(self, seconds):
        """Time goes on; leases are given back, and the worker looks."""
        self.world.clock.advance(seconds=seconds)
        self.plane._calls._keeper.end_leases()
        while turn_periods(self.world.units):
            pass


def events(world, kind):
    return [event for event in world.units.events if isinstance(event, kind)]


def charged(world):
    return world.one("SELECT coalesce(sum(amount), 0)::bigint FROM usage_events")


@pytest.fixture
def caller(world):
    def make(plan, **settings):
        return Caller(world, plan, **settings)

    return make


def test_a_graduated_plan_charges_each_unit_its_own_step(world, caller):
    calls = caller(graduated((3, "0.50"), (5, "0.20"), (None, "0.10")))
    amounts = [calls().leaf["amount"] for _ in range(7)]
    assert amounts == ["50000000"] * 3 + ["20000000"] * 2 + ["10000000"] * 2
    calls.close_period(31 * DAY)
    (closed,) = events(world, PeriodClosed)
    assert (closed.units, closed.charged_amount, closed.total_amount) == (7, 2.1 * YUAN, 2.1 * YUAN)


def test_the_next_period_begins_at_the_first_step_again(world, caller):
    calls = caller(graduated((2, "0.50"), (None, "0.10")))
    assert calls(3) == [200] * 3
    calls.close_period(31 * DAY)
    assert calls().leaf["amount"] == "50000000"
    assert [event.period for event in events(world, PeriodOpened)] == [1, 2]
    assert world.sql("SELECT period, state FROM licence_periods ORDER BY period") == [
        (1, "closed"),
        (2, "open"),
    ]


def test_a_volume_plan_charges_the_least_of_this_volume_and_any_greater(world, caller):
    calls = caller(volume((3, "1.00"), (None, "0.50")))
    amounts = [int(calls().leaf["amount"]) for _ in range(6)]
    # 4 units cost 2.00 at the second step, so the third is free and the fourth too.
    assert amounts == [YUAN, YUAN, 0, 0, YUAN // 2, YUAN // 2]
    calls.close_period(31 * DAY)
    (closed,) = events(world, PeriodClosed)
    assert (closed.charged_amount, closed.total_amount) == (3 * YUAN, 3 * YUAN)


def test_a_subscription_includes_units_and_charges_overage(world, caller):
    calls = caller(subscription(2, "0.30"))
    assert [calls().leaf["amount"] for _ in range(3)] == ["0", "0", "30000000"]
    (opened,) = events(world, PeriodOpened)
    assert (opened.period, opened.fee_amount) == (1, 20 * YUAN)
    assert opened.split == {"supplier": 8400, "commission": 1000, "tax": 600}


def test_a_subscription_without_overage_stops_and_says_when_it_goes_on(world, caller):
    calls = caller(subscription(2, None))
    assert calls(3) == [200, 200, 403]
    refused = calls().json
    assert refused["type"] == "/problems#quota-exhausted"
    assert refused["opens_at"] == "2026-12-20T08:00:00.000000Z"
    calls.close_period(31 * DAY)
    assert calls(3) == [200, 200, 403]


def test_left_over_units_roll_over_once(world, caller):
    calls = caller(subscription(5, None, roll_over="carry"))
    assert calls(2) == [200] * 2
    calls.close_period(31 * DAY)
    granted = "SELECT granted_units FROM allowance_pools ORDER BY period"
    assert world.sql(granted) == [(5,), (8,)]
    assert calls(9) == [200] * 8 + [403]
    calls.close_period(32 * DAY)
    assert world.sql(granted) == [(5,), (8,), (5,)]


def test_past_periods_show_what_was_granted_used_and_rolled_over(world, caller):
    calls = caller(subscription(5, None, roll_over="carry"))
    assert calls(2) == [200] * 2
    calls.close_period(31 * DAY)
    assert calls(7) == [200] * 7
    calls.close_period(32 * DAY)

    def shown(cursor=None):
        with world.units.begin(Reach.organisation("org_buyer")) as uow:
            held = get_entitlement(uow.session, "org_buyer", calls.licensed.licence_id)
            return list_periods(uow.session, held, cursor=cursor, limit=2)

    first, rest = shown(), shown(shown().next_cursor)
    rows = [*first.items, *rest.items]
    assert [
        (each.period.period, each.period.state, each.period.units, each.granted_units)
        for each in rows
    ] == [(3, "open", None, 6), (2, "closed", 7, 8), (1, "closed", 2, 5)]
    assert [(each.rolled_in_units, each.rolled_over_units) for each in rows] == [
        (1, None),
        (3, 1),
        (0, 3),
    ]
    assert {each.period.fee_amount for each in rows} == {20 * YUAN}
    assert rest.next_cursor is None


def test_units_that_come_back_after_the_next_period_opened_still_roll_over(world, caller):
    calls = caller(subscription(5, None, roll_over="carry"))
    assert calls(1).status == 200
    world.clock.advance(seconds=30 * DAY - 10)
    assert turn_periods(world.units), "the next period opens ahead of its time"
    assert world.sql("SELECT granted_units FROM allowance_pools ORDER BY period") == [(5,), (5,)]
    calls.close_period(20)
    assert world.sql("SELECT granted_units FROM allowance_pools ORDER BY period") == [(5,), (9,)]


def test_free_units_that_were_used_take_nothing_of_what_rolls_over(world, caller):
    calls = caller(subscription(5, None, roll_over="carry", trial_units=2, trial_days=10))
    assert calls(3) == [200] * 3
    calls.close_period(31 * DAY)
    granted = "SELECT granted_units FROM allowance_pools WHERE kind = 'included' ORDER BY period"
    assert world.sql(granted) == [(5,), (9,)]


def test_free_units_are_given_once_in_the_term_not_each_period(caller):
    calls = caller(graduated((None, "0.50"), free_units=2))
    assert [calls().leaf["amount"] for _ in range(2)] == ["0", "0"]
    calls.close_period(31 * DAY)
    assert calls().leaf["amount"] == "50000000"


def test_a_period_that_cannot_be_paid_refuses_calls_until_it_is(world, caller, monkeypatch):
    calls = caller(subscription(2, None))
    assert calls().status == 200

    class InsufficientFunds(CounterfoilError):
        kind = ErrorKind.PAYMENT_REQUIRED
        slug = "test-insufficient-funds"
        title = "x"

    def refuse(_uow, event):
        if isinstance(event, PeriodOpened):
            raise InsufficientFunds("x")

    reactions = world.units.reactions
    told = []
    refusing = {
        PeriodOpened: (refuse,),
        PeriodFeeUnpaid: (lambda _uow, event: told.append(event),),
    }
    monkeypatch.setattr(world.units, "reactions", refusing)
    calls.close_period(31 * DAY)
    refused = calls()
    assert (refused.status, refused.json["type"]) == (402, "/problems#period-unpaid")
    assert (refused.json["period"], refused.json["fee_amount"]) == (2, "20.00000000")
    calls.close_period(61)
    (unpaid,) = told  # once, however often the fee is tried for
    assert unpaid.licence_id == calls.licensed.licence_id
    assert (unpaid.period, unpaid.fee_amount) == (2, 20 * YUAN)
    monkeypatch.setattr(world.units, "reactions", reactions)
    calls.close_period(61)
    assert calls().status == 200


def test_an_unpaid_period_lapses_when_it_is_over(world, caller, monkeypatch):
    calls = caller(subscription(2, None))
    world.connection.execute(
        "UPDATE licence_periods SET state = 'unpaid', opened_at = NULL, try_at = until_at"
    )
    calls.close_period(32 * DAY)
    assert world.sql("SELECT period, state FROM licence_periods ORDER BY period") == [
        (1, "lapsed"),
        (2, "open"),
    ]


def test_a_call_before_the_step_has_opened_its_period_is_asked_to_wait(world, caller):
    calls = caller(graduated())
    assert calls().status == 200
    world.clock.advance(seconds=31 * DAY)
    waiting = calls()
    assert (waiting.status, waiting.headers["Retry-After"]) == (503, "1")
    calls.close_period(0)
    assert calls().status == 200


def test_a_period_waits_for_leases_that_are_out(world, caller):
    calls = caller(graduated(), lease_seconds=10**9)
    assert calls().status == 200
    world.clock.advance(seconds=31 * DAY)
    assert turn_periods(world.units), "the next period is opened"
    assert not turn_periods(world.units)
    assert events(world, PeriodClosed) == []
    calls.close_period(2)
    assert [event.units for event in events(world, PeriodClosed)] == [1]


def test_closing_happens_once_whoever_looks_and_however_often(world, caller):
    calls = caller(graduated())
    assert calls().status == 200
    for _ in range(3):
        calls.close_period(31 * DAY)
    numbers = [event.period for event in events(world, PeriodClosed)]
    assert numbers == sorted(set(numbers))
    assert [event.period for event in events(world, PeriodOpened)][:3] == [1, 2, 3]


def test_a_minimum_commitment_is_what_the_period_must_come_to(world, caller):
    minimum = {"amount": "10.00000000", "period": "month"}
    calls = caller(per_call(minimum=minimum, free_units=1))
    assert calls(3) == [200] * 3
    calls.close_period(31 * DAY)
    (closed,) = events(world, PeriodClosed)
    assert (closed.charged_amount, closed.total_amount) == (80_000_000, 80_000_000)
    assert closed.minimum_amount == 10 * YUAN
    assert calls().leaf["amount"] == "40000000", "free units are the licence's, not the month's"


def test_a_quarters_commitment_asks_once_less_what_all_its_months_came_to(world, caller):
    minimum = {"amount": "30.00000000", "period": "quarter"}
    calls = caller(graduated(minimum=minimum))
    for count in (10, 0, 20, 10):
        assert set(calls(count)) <= {200}
        calls.close_period(31 * DAY)
    closed = events(world, PeriodClosed)[:4]
    assert [each.total_amount // YUAN for each in closed] == [5, 0, 7, 5]
    assert [each.minimum_amount // YUAN for each in closed] == [0, 0, 25, 0]


def test_a_licence_that_is_revoked_closes_and_owes_its_commitment_in_proportion(world, caller):
    minimum = {"amount": "30.00000000", "period": "month"}
    calls = caller(graduated(minimum=minimum))
    assert calls().status == 200
    world.clock.advance(seconds=15 * DAY)
    world.change(services.revoke_entitlement, licence_id=calls.licensed.licence_id)
    calls.plane.close()
    assert turn_periods(world.units)
    (closed,) = events(world, PeriodClosed)
    assert closed.minimum_amount == 15 * YUAN
    assert world.sql("SELECT state FROM licence_periods") == [("closed",)]
    assert not turn_periods(world.units)


def test_free_units_that_another_worker_held_idle_are_given_back_at_the_end(world, clock):
    licensed = world.license(per_call(free_units=40), days=31, age_days=0)
    planes = [world.plane(HeldUpstream(HIT)) for _ in range(2)]
    for plane in planes:
        plane._calls._keeper._pause = lambda _: None
    for number in range(60):
        assert call(planes[number % 2], licensed, {"iata": "PVG"}).status == 200
    for plane in planes:
        plane.close()
    clock.advance(seconds=32 * DAY)
    assert turn_periods(world.units)
    (closed,) = events(world, PeriodClosed)
    assert closed.charged_amount == charged(world)
    assert closed.total_amount == 20 * 40_000_000
    assert world.sql("SELECT spent_units FROM allowance_pools WHERE kind = 'free'") == [(40,)]


def test_trial_units_are_free_in_the_first_days_only(world, caller):
    calls = caller(per_call(trial_units=3, trial_days=2))
    assert [calls().leaf["amount"] for _ in range(2)] == ["0", "0"]
    world.clock.advance(seconds=2 * DAY)
    assert calls().leaf["amount"] == "40000000"


def test_prepaid_plans_have_one_pool_and_cost_nothing_more(world, caller):
    calls = caller(yearly())
    assert calls(5) == [200] * 5
    assert charged(world) == 0
    bounded = caller(yearly(2))
    assert bounded(3) == [200, 200, 403]
    assert caller(package(2))(3) == [200, 200, 403]


@pytest.mark.parametrize(
    "plan",
    [
        graduated((40, "0.50"), (None, "0.20")),
        volume((40, "1.00"), (70, "0.50"), (None, "0.30")),
        subscription(30),
    ],
    ids=["graduated", "volume", "subscription"],
)
def test_two_workers_at_the_boundaries_come_to_the_total_after_close(world, clock, plan):
    licensed = world.license(plan, days=800, age_days=0)
    planes = [world.plane(HeldUpstream(HIT)) for _ in range(2)]
    for plane in planes:
        plane._calls._keeper._pause = lambda _: None
    for number in range(100):
        assert call(planes[number % 2], licensed, {"iata": "PVG"}).status == 200
    for plane in planes:
        plane.close()
    clock.advance(seconds=31 * DAY)
    while turn_periods(world.units):
        pass
    (closed,) = events(world, PeriodClosed)
    expected = {"graduated": 32 * YUAN, "volume": 30 * YUAN, "subscription": 21 * YUAN}
    assert closed.charged_amount == charged(world) >= closed.total_amount
    assert closed.total_amount == expected[plan["kind"]]


def test_rows_that_reach_over_a_boundary_are_charged_at_both_prices(world):
    listing = world.publish(
        code="S0001-ROWS",
        version="ver_rows",
        outcome_rule={"rows": "/items", "rows_max": 10},
    )
    licensed = world.license(
        graduated((12, "0.50"), (None, "0.20"), unit="row"), listing=listing, days=800, age_days=0
    )
    body = b'{"items":[' + b",".join([b'{"iata":"PVG","name":"x"}'] * 8) + b"]}"
    plane = world.plane(HeldUpstream(UpstreamAnswer(200, body)))
    answers = [call(plane, licensed, {"iata": "PVG"}) for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3, answers[0].body
    amounts = [int(answer.leaf["amount"]) for answer in answers]
    assert amounts == [8 * YUAN // 2, 4 * YUAN // 2 + 4 * YUAN // 5, 8 * YUAN // 5]


def test_a_period_moves_once_when_two_workers_look_at_the_same_time(world, caller, engine):
    calls = caller(graduated())
    assert calls().status == 200
    world.clock.advance(seconds=31 * DAY)
    calls.plane._calls._keeper.end_leases()
    with ThreadPoolExecutor(4) as threads:
        for looked in [threads.submit(turn_periods, world.units) for _ in range(8)]:
            looked.result(60)
    assert [event.period for event in events(world, PeriodOpened)] == [1, 2]
    assert [event.period for event in events(world, PeriodClosed)] == [1]


class Killed(BaseException):
    """Nothing in the product catches it, as nothing catches a SIGKILL."""


class Deadly:
    """Reactions of which one never comes to its end."""

    def __init__(self, reactions, kind):
        self._reactions, self._kind = reactions, kind

    def get(self, kind, default=None):
        return (self.die,) if kind is self._kind else self._reactions.get(kind, default)

    @staticmethod
    def die(_uow, _event):
        raise Killed


def turn_all(world):
    while turn_periods(world.units):
        pass


def test_a_worker_that_dies_before_its_commit_leaves_the_period_for_the_next(world, caller):
    calls = caller(subscription(5, "0.30"))
    assert calls(7) == [200] * 7
    world.clock.advance(seconds=31 * DAY)
    calls.plane._calls._keeper.end_leases()

    kept = world.units.reactions
    for event in (PeriodOpened, PeriodClosed):
        world.units.reactions = Deadly(kept, event)
        with pytest.raises(Killed):
            turn_all(world)
    world.units.reactions = kept
    turn_all(world)
    assert [event.period for event in events(world, PeriodOpened)] == [1, 2]
    (closed,) = events(world, PeriodClosed)
    assert (closed.units, closed.total_amount) == (7, 60_000_000)


class Frozen(CounterfoilError):
    """As the journal refuses a fee of a frozen wallet."""

    kind, slug, title = ErrorKind.CONFLICT, "account-frozen", "The account is frozen"

    def __init__(self):
        super().__init__("frozen")


@pytest.mark.parametrize(
    "refusal", [Frozen(), AssertionError("none of this can be")], ids=["frozen", "fault"]
)
def test_licences_that_cannot_open_stand_before_no_other(world, monkeypatch, refusal):
    monkeypatch.setattr(steps, "STEP_MAX", 2)
    frozen = [world.license(subscription(5), days=800, age_days=0) for _ in range(4)]
    world.clock.advance(seconds=60)
    sound = [world.license(subscription(5), days=800, age_days=0) for _ in range(3)]
    refused = {licensed.licence_id for licensed in frozen}
    tried = []

    def charge(_uow, event):
        tried.append(event.licence_id)
        if event.licence_id in refused:
            raise refusal

    world.clock.advance(seconds=31 * DAY)
    opened = "SELECT licence_id FROM licence_periods WHERE period = 2 AND state = 'open'"
    with monkeypatch.context() as patched:
        patched.setattr(world.units, "reactions", {PeriodOpened: (charge,)})
        turn_all(world)
        assert {row[0] for row in world.sql(opened)} == {each.licence_id for each in sound}
        tried.clear()
        resting = {}
        for _ in range(3):
            assert not turn_periods(world.units, resting)
        assert sorted(tried) == sorted(refused), "once, and not with every step"
        world.clock.advance(seconds=60)
        assert not turn_periods(world.units, resting)
        assert sorted(tried) == sorted([*refused, *refused])
    turn_all(world)
    assert len(world.sql(opened)) == 7


def test_a_meter_that_is_being_leased_into_is_not_given_back_under_its_lease(world):
    licensed = world.license(days=31, age_days=0)
    keeper = world.plane(HeldUpstream(HIT))._calls._keeper
    key = keeper_key(world, licensed)
    meter = keeper._meter(key.licence)
    acquire = keeper._store.acquire

    def recalled_meanwhile(connection, wanted):
        granted = acquire(connection, wanted)
        keeper._close([meter], used_before=float("inf"))
        return granted

    object.__setattr__(keeper._store, "acquire", recalled_meanwhile)
    held, _reservation = keeper.reserve(key)
    assert held is meter
    assert not meter.is_closed
    assert world.one("SELECT count(*) FROM leases WHERE closed_at IS NULL") == 1


def keeper_key(world, licensed):
    """The key as a plane sees it."""
    callers = world.plane(HeldUpstream(HIT))._callers
    return callers.find(hashlib.sha256(licensed.key.encode()).hexdigest())


def test_a_lease_that_could_not_be_given_back_is_given_back_later(world, caller):
    calls = caller(graduated((None, "0.10")))
    calls()
    with psycopg.connect(world.database_url) as other:
        other.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")
        assert other.execute(LOCK_ENTITLEMENT, (calls.licensed.licence_id,)).fetchone()
        world.clock.advance(seconds=31 * DAY)
        calls.plane._calls._keeper.end_leases()
    calls.close_period(0)
    assert [event.period for event in events(world, PeriodClosed)] == [1]
