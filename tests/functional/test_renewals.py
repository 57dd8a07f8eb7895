"""A subscription ends with the period that is paid when its buyer says so, and not before."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.reactions import renewing
from metering.errors import EntitlementNotFound, NothingToRenew, RenewalOver
from metering.events import PeriodClosed, PeriodOpened, RenewalChanged
from metering.models import Entitlement
from metering.plans import services as periods
from metering.plans.renewals import list_unrenewed, set_renewal
from metering.plans.steps import turn_periods
from metering.ports import UpstreamAnswer
from tests.factories.crossing import second_runs_into_first
from tests.factories.metering import World, call, per_call
from tests.factories.plans import subscription
from tests.fakes.metering_ports import HeldUpstream

YUAN, DAY = 10**8, 86_400
BUYER = Principal("psn_buyer", "org_buyer", frozenset({Role.BUYER}))
STRANGER = Principal("psn_other", "org_other", frozenset({Role.BUYER}))
HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong","lat":"31.1"}')


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(1000 * YUAN)
    yield made
    made.close()


@pytest.fixture
def licensed(world):
    return world.license(subscription(2, None), days=800, age_days=0)


@pytest.fixture
def renew(world, licensed):
    def run(is_renewing, principal=BUYER, licence_id=None):
        with world.units.begin(Reach.EXCHANGE) as uow:
            changed = set_renewal(
                uow,
                principal,
                licence_id=licence_id or licensed.licence_id,
                is_renewing=is_renewing,
            )
            uow.commit()
            return changed

    return run


def turn(world, seconds):
    world.clock.advance(seconds=seconds)
    while turn_periods(world.units):
        pass


def events(world, kind):
    return [event for event in world.units.events if isinstance(event, kind)]


def due(world):
    with world.units.begin(Reach.EXCHANGE) as uow:
        return list_unrenewed(uow.session, at=uow.now, limit=9)


def test_no_period_follows_and_the_one_that_is_paid_keeps_its_rules(world, licensed, renew):
    plane = world.plane(HeldUpstream(HIT))
    renew(False)
    ended = renew(False)
    (told,) = events(world, RenewalChanged)
    assert (told.is_renewing, told.ends_at) == (False, ended.renewal_ends_at)
    assert (ended.is_renewing, ended.renewal_ends_at) == (
        False,
        world.clock.now() + timedelta(days=30),
    )
    answers = [call(plane, licensed, {"iata": "PVG"}) for _ in range(3)]
    assert [each.status for each in answers] == [200, 200, 403], "what is paid, and nothing else"
    assert "opens_at" not in answers[-1].json, "nothing more comes by itself"
    assert due(world) == []
    plane._calls._keeper.end_leases()
    turn(world, 31 * DAY)
    assert [event.period for event in events(world, PeriodOpened)] == [1]
    assert [event.period for event in events(world, PeriodClosed)] == [1]
    assert call(plane, licensed, {"iata": "PVG"}).status != 200
    assert due(world) == [(licensed.licence_id, BUYER.id)]
    with pytest.raises(RenewalOver):
        renew(True)


def test_a_licence_whose_term_is_over_first_keeps_no_other_from_ending(world, licensed, renew):
    renew(False)
    ends_at = world.clock.now() + timedelta(days=10)
    shorten = "UPDATE entitlements SET ends_at = %s WHERE licence_id = %s RETURNING 1"
    world.sql(shorten, ends_at, licensed.licence_id)
    turn(world, 31 * DAY)
    assert due(world) == []


def test_until_the_period_ends_it_may_go_on_after_all(world, renew):
    renew(False)
    turn(world, 29 * DAY)
    assert renew(True).is_renewing
    assert [event.is_renewing for event in events(world, RenewalChanged)] == [False, True]
    turn(world, 2 * DAY)
    assert [event.period for event in events(world, PeriodOpened)] == [1, 2]
    assert due(world) == []


def test_a_commitment_is_owed_in_proportion_when_no_period_follows(world):
    minimum = {"amount": "1200.00000000", "period": "year"}
    licensed = world.license(subscription(2, None, minimum=minimum), days=800, age_days=0)
    with world.units.begin(Reach.EXCHANGE) as uow:
        set_renewal(uow, BUYER, licence_id=licensed.licence_id, is_renewing=False)
        uow.commit()
    turn(world, 31 * DAY)
    (closed,) = events(world, PeriodClosed)
    assert 90 * YUAN < closed.minimum_amount < 110 * YUAN


def test_only_the_buyer_of_a_subscription_is_asked(world, licensed, renew):
    with pytest.raises(EntitlementNotFound):
        renew(False, STRANGER)
    by_call = world.license(per_call(), days=800)
    with pytest.raises(NothingToRenew):
        renew(False, licence_id=by_call.licence_id)
    short = world.license(subscription(2, None), days=20, age_days=0)
    with pytest.raises(NothingToRenew):
        renew(False, licence_id=short.licence_id)


@pytest.mark.parametrize("is_opened_first", [True, False])
def test_a_period_that_opens_at_the_same_moment_is_the_last_or_never_is(
    world, licensed, is_opened_first
):
    """Two transactions in the database: whoever has the lock first is believed."""
    world.clock.advance(seconds=30 * DAY - 10)

    def begin(uow):
        entitlement = periods.lock_entitlement(uow.session, licensed.licence_id)
        if entitlement.next_period_at is not None:
            periods.begin_next_period(uow, entitlement)

    def end(uow):
        set_renewal(uow, BUYER, licence_id=licensed.licence_id, is_renewing=False)

    second_runs_into_first(world.units, *((begin, end) if is_opened_first else (end, begin)))
    with world.units.begin(Reach.EXCHANGE) as uow:
        held = uow.session.get_one(Entitlement, licensed.licence_id)
        opened = uow.session.scalar(text("SELECT max(until_at) FROM licence_periods"))
    assert (held.next_period_at, held.renewal_ends_at) == (None, opened)


def test_the_licence_itself_ends_in_both_rooms(worlds, whole_exchange):
    """Rolled back at the end: other tests need this licence."""
    licence_id = worlds["b"].days.licence_id
    with whole_exchange.parts.units.begin(Reach.EXCHANGE) as uow:
        held = uow.session.get_one(Entitlement, licence_id)
        held.renewal_ends_at, held.renewal_ended_by = uow.now, "psn_buyer"
        assert [renewing.end_unrenewed(uow) for _ in range(2)] == [1, 0]
        ended = "SELECT state, reason_code, ended_by FROM licences WHERE id = :id"
        row = uow.session.execute(text(ended), {"id": licence_id}).one()
        assert tuple(row) == ("REVOKED", "GIVEN_UP", "psn_buyer")
        uow.hold()
        uow.commit()
        uow.session.expire(held)
        assert held.state == "revoked"


def test_it_is_asked_over_http_and_shown(worlds):
    world = worlds["a"]
    path = f"/v1/entitlements/{world.days.licence_id}"
    shown = world.buyer.client.send("GET", path).json
    assert (shown["is_renewing"], shown["renewal_ends_at"]) == (True, None)
    asked = world.buyer.client.send("PUT", f"{path}/renewal", body={"is_renewing": False})
    assert (asked.status, asked.json["type"]) == (409, "/problems#nothing-to-renew")
    supplier = world.supplier.client.send("PUT", f"{path}/renewal", body={"is_renewing": False})
    assert supplier.status == 403
