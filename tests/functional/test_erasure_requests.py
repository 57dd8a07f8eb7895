"""Erasing details of calls over HTTP: one operator proposes, another agrees, the worker does it."""

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from app.core.principals import Principal, Role
from app.core.reach import Reach
from app.web.access import Authenticator
from metering.erasure import details as erasure
from metering.erasure.errors import ErasureDecided, ErasureNeedsAnotherPerson, ErasureNotFound
from metering.erasure.requests import (
    Erasure,
    ErasureState,
    approve_erasure,
    decline_erasure,
    erase_due,
    list_erasures,
    propose_erasure,
)
from metering.errors import EntitlementNotFound
from metering.ports import UpstreamAnswer
from tests.factories.metering import World, call
from tests.fakes.metering_ports import HeldUpstream

HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong"}')
PATH = "/v1/erasures"


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(100 * 10**8)
    yield made
    made.close()


@pytest.fixture
def licensed(world):
    made, plane = world.license(), world.plane(HeldUpstream(HIT))
    for _ in range(3):
        call(plane, made, {"iata": "PVG"})
    return made


def propose(world, licensed, clock, person="psn_a"):
    with world.units.begin(Reach.EXCHANGE) as uow:
        made = propose_erasure(
            uow,
            person,
            licence_id=licensed.licence_id,
            until=clock.now() + timedelta(seconds=1),
            reason_code="person_request",
        )
        uow.commit()
        return made.erasure_id


def approve(world, erasure_id, person="psn_b"):
    with world.units.begin(Reach.EXCHANGE) as uow:
        approve_erasure(uow, person, erasure_id)
        uow.commit()


def decline(world, erasure_id, person="psn_b"):
    with world.units.begin(Reach.EXCHANGE) as uow:
        decline_erasure(uow, person, erasure_id)
        uow.commit()


def work(world):
    """The worker's step until it has nothing left; how often it had."""
    times = 0
    while True:
        with world.units.begin(Reach.EXCHANGE) as uow:
            if not erase_due(uow):
                return times
            uow.commit()
        times += 1


def stored(world):
    with world.units.begin(Reach.EXCHANGE) as uow:
        return list_erasures(uow.session, cursor=None, limit=10).items


def erased_count(world):
    return world.one("SELECT count(*) FROM usage_events WHERE detail IS NULL")


def test_nothing_is_erased_before_another_person_agreed(world, licensed, clock):
    erasure_id = propose(world, licensed, clock)
    assert (work(world), erased_count(world)) == (0, 0)
    with pytest.raises(ErasureNeedsAnotherPerson):
        approve(world, erasure_id, "psn_a")
    assert (work(world), erased_count(world)) == (0, 0)
    approve(world, erasure_id)
    assert (work(world), erased_count(world)) == (2, 3)
    (done,) = stored(world)
    assert (done.state, done.calls_count, done.approved_by) == (ErasureState.DONE, 3, "psn_b")


def test_the_worker_erases_in_portions_and_goes_on(world, licensed, clock, monkeypatch):
    monkeypatch.setattr(erasure, "PORTION_MAX", 2)
    approve(world, propose(world, licensed, clock))
    with world.units.begin(Reach.EXCHANGE) as uow:
        assert erase_due(uow) == 1  # and dies before its commit
    assert erased_count(world) == 0
    assert (work(world), erased_count(world)) == (3, 3)
    assert stored(world)[0].calls_count == 3


def test_agreeing_twice_is_agreeing_once(world, licensed, clock):
    erasure_id = propose(world, licensed, clock)
    approve(world, erasure_id)
    work(world)
    approve(world, erasure_id, "psn_c")
    (done,) = stored(world)
    assert (done.state, done.approved_by) == (ErasureState.DONE, "psn_b")


def test_what_was_declined_is_not_agreed_to_and_the_other_way_round(world, licensed, clock):
    declined, agreed = propose(world, licensed, clock), propose(world, licensed, clock)
    decline(world, declined, "psn_a")
    decline(world, declined)
    with pytest.raises(ErasureDecided):
        approve(world, declined)
    assert (work(world), erased_count(world)) == (0, 0)
    approve(world, agreed)
    with pytest.raises(ErasureDecided):
        decline(world, agreed)
    shown = {each.erasure_id: (each.state, each.declined_by) for each in stored(world)}
    assert shown == {declined: ("declined", "psn_a"), agreed: ("approved", None)}


def test_a_licence_or_a_request_that_is_not_there_is_named(world, licensed, clock):
    other = dataclasses.replace(licensed, licence_id="lic_0000000000000000000000nope")
    with pytest.raises(EntitlementNotFound):
        propose(world, other, clock)
    with pytest.raises(ErasureNotFound):
        approve(world, "era_0000000000000000000000nope")


def test_the_database_itself_wants_two_people(world, licensed, clock):
    erasure_id = propose(world, licensed, clock)
    with world.units.begin(Reach.EXCHANGE) as uow:
        one = uow.session.get_one(Erasure, erasure_id)
        one.state, one.approved_by = ErasureState.APPROVED, one.proposed_by
        with pytest.raises(IntegrityError):
            uow.session.flush()


def test_requests_are_found_by_licence_state_time_and_whose_word_they_wait_for(
    world, licensed, clock
):
    at, operator = clock.now(), frozenset({Role.OPERATOR})
    first, second = (
        Principal(name, "org_exchange", operator, has_second_factor=True)
        for name in ("psn_a", "psn_b")
    )
    auditor = Principal("psn_c", "org_exchange", frozenset({Role.AUDITOR}), has_second_factor=True)
    erasure_id = propose(world, licensed, clock)

    def found(**wanted):
        with world.units.begin(Reach.EXCHANGE) as uow:
            page = list_erasures(uow.session, **wanted, cursor=None, limit=10)
            return [each.erasure_id for each in page.items]

    proposed = {"licence_id": licensed.licence_id, "state": "proposed", "from_at": at}
    assert found(**proposed) == found(asks=second) == [erasure_id]
    assert found(licence_id="lic_0") == found(state="done") == found(until_at=at) == []
    assert found(asks=first) == found(asks=auditor) == []
    approve(world, erasure_id)
    assert (found(asks=second), found(state="approved")) == ([], [erasure_id])


class Named:
    """Believes whatever name the header gives, and knows what each may do."""

    def authenticate(self, authorization):
        roles = {"psn_a": Role.OPERATOR, "psn_b": Role.OPERATOR, "psn_buyer": Role.BUYER}
        organisation = "org_buyer" if authorization == "psn_buyer" else "org_exchange"
        return Principal(
            authorization, organisation, frozenset({roles[authorization]}), has_second_factor=True
        )


@pytest.fixture
def http(app):
    app.extensions["counterfoil"].add(Authenticator, Named())
    return app.test_client()


def send(http, person, path=PATH, *, key="k", **body):
    headers = {"Authorization": person, "Idempotency-Key": f"erasure-{person}-{key}"}
    return http.post(path, headers=headers, json=body or None)


def test_over_http_it_takes_two_operators(http, parts):
    licence = "lic_00000000000000000000000001"
    body = {"licence_id": licence, "until": "2020-01-01T00:00:00Z", "reason_code": "court_order"}
    assert send(http, "psn_buyer", **body).status_code == 403
    assert send(http, "psn_a", **body).get_json()["type"].endswith("entitlement-not-found")
    assert (
        send(http, "psn_a", key="2", **{**body, "until": "2999-01-01T00:00:00Z"}).status_code == 422
    )
    assert send(http, "psn_a", key="3", **{**body, "reason_code": "a whim"}).status_code == 422
    for word in ("approval", "refusal"):
        unknown = send(http, "psn_b", f"{PATH}/era_0/{word}", key=word)
        assert unknown.get_json()["type"].endswith("erasure-not-found")
    keyless = http.post(f"{PATH}/era_0/approval", headers={"Authorization": "psn_b"})
    assert keyless.get_json()["type"].endswith("idempotency-key-missing")
    for query in ("", "?is_for_me=true", f"?licence_id={licence}&state=proposed"):
        shown = http.get(f"{PATH}{query}", headers={"Authorization": "psn_a"})
        assert shown.get_json()["items"] == []
    assert http.get(PATH, headers={"Authorization": "psn_buyer"}).status_code == 403
