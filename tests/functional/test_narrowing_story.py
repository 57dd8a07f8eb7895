"""What a grantor or a reviewer takes back narrows or ends every licence behind it, at once."""

import pytest
from sqlalchemy import select

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from compliance.models.narrowing import Narrowing
from compliance.services import continue_narrowing, narrowing
from ledger.journal.wallets import services as journal
from metering.models import Entitlement
from tests.factories.compliance import (
    BUYER_ID,
    CLEAR,
    SUPPLIER_ID,
    everybody_over_http,
    scenario_content,
)

APPROVE = {"answers": CLEAR, "decision": "approve", "reason": "Plausible."}
LINK = {
    "grantor": "Airport authority",
    "grantee": "Example Ltd",
    "object": "Names and places of airports",
    "rights": ["OPERATE"],
    "purposes": ["OPERATIONS", "RESEARCH"],
    "regions": ["CN"],
    "from": "2026-01-01",
    "to": "2027-03-31",
    "may_sublicense": True,
    "may_derive": True,
    "revocable": True,
    "evidence": "system_description",
    "is_original": True,
}


@pytest.fixture
def units(app):
    return app.extensions["counterfoil"].get(UnitOfWorkFactory)


@pytest.fixture
def exchange(app, units):
    made = everybody_over_http(app)
    with units.begin(Reach.EXCHANGE) as uow:
        for organisation_id in (BUYER_ID, SUPPLIER_ID):
            journal.open_accounts(uow, organisation_id=organisation_id)
        uow.commit()
    return made


@pytest.fixture
def code(exchange):
    return exchange.list_product(authorisation_chain=[LINK])


@pytest.fixture
def licensed(exchange, code):
    return license_one(exchange, code)


def license_one(exchange, code):
    body = {"listing_code": code, **scenario_content()}
    scenario = exchange.post("buyer", "/v1/scenarios", body)
    exchange.post("first", f"/v1/scenarios/{scenario['id']}/decision", APPROVE)
    page = exchange.get("buyer", f"/v1/listings/{code}")
    order = {
        "listing_code": code,
        "plan_id": page["plans"][0]["id"],
        "scenario_id": scenario["id"],
        "accept_terms": True,
    }
    placed = exchange.post("buyer", "/v1/orders", order)
    return scenario["id"], placed["licence_id"]


def narrow(exchange, code, who="supplier", **members):
    body = {"link": 0, "reason": "The authority took it back.", **members}
    return exchange.post(who, f"/v1/listings/{code}/chain-narrowings", body)


def test_a_licence_ends_with_the_right_that_it_rests_on(exchange, code, licensed):
    licence = exchange.get("buyer", f"/v1/licences/{licensed[1]}")
    assert licence["ends_at"] == "2027-03-31T16:00:00.000000Z", "the last day counts"
    assert licence["narrowings"] == []


@pytest.mark.parametrize("who", ["supplier", "risk"])
def test_what_a_grantor_takes_back_is_taken_from_every_licence_and_shown_with_its_reason(
    exchange, code, licensed, units, who
):
    narrowed = {"ends_at": "2027-01-31T00:00:00Z", "calls_max": 7, "purposes": ["LOGISTICS"]}
    recorded = narrow(exchange, code, who, narrowed=narrowed)
    assert recorded["is_applied"]
    for side in ("buyer", "supplier"):
        licence = exchange.get(side, f"/v1/licences/{licensed[1]}")
        assert licence["ends_at"] == "2027-01-31T00:00:00.000000Z"
        assert licence["enforced"]["calls_max"] == 7
        (shown,) = licence["narrowings"]
        assert shown["reason"] == "The authority took it back."
        assert shown["terms_hash"] == licence["terms_hash"]
        assert {"ends_at", "calls_max"} <= set(shown["narrowed"])
        assert "deletes" in licence["enforcement_reasons"]["retention"]
    with units.begin(Reach.EXCHANGE) as uow:
        held = uow.session.get(Entitlement, licensed[1])
        assert held.terms_hash == licence["terms_hash"]
        assert held.permitted_purposes == ["LOGISTICS"]
        assert (held.granted_calls, held.revision) == (7, 2)
        assert held.ends_at.isoformat() == "2027-01-31T00:00:00+00:00"
    listed = exchange.get(who, f"/v1/listings/{code}/chain-narrowings")["items"]
    assert [each["id"] for each in listed] == [recorded["id"]]


def test_a_licence_to_come_is_narrowed_too(exchange, code):
    narrow(exchange, code, narrowed={"calls_max": 9})
    _, licence_id = license_one(exchange, code)
    assert exchange.get("buyer", f"/v1/licences/{licence_id}")["enforced"]["calls_max"] == 9


def test_a_right_that_ended_ends_its_licences_and_suspends_the_listing(exchange, code, licensed):
    narrow(exchange, code)
    licence = exchange.get("buyer", f"/v1/licences/{licensed[1]}")
    assert (licence["state"], licence["reason_code"]) == ("REVOKED", "RIGHTS_ENDED")
    problem = exchange.refused(
        "first", f"/v1/listings/{code}/resumption", slug="cause-not-closed", expect=409
    )
    assert problem["causes"] == ["EVIDENCE_EXPIRED"]
    body = {"listing_code": code, **scenario_content()}
    exchange.refused("buyer", "/v1/scenarios", body, slug="listing-not-in-force", expect=409)


def test_a_licence_of_which_nothing_is_left_ends(exchange, code, licensed):
    narrow(exchange, code, narrowed={"purposes": ["KYC"]})
    licence = exchange.get("buyer", f"/v1/licences/{licensed[1]}")
    assert (licence["state"], licence["reason_code"]) == ("REVOKED", "RIGHTS_ENDED")


def test_what_takes_nothing_away_changes_no_licence(exchange, code, licensed):
    before = exchange.get("buyer", f"/v1/licences/{licensed[1]}")
    narrow(exchange, code, narrowed={"calls_max": 10**9})
    assert exchange.get("buyer", f"/v1/licences/{licensed[1]}") == before


def test_only_whoever_answers_for_the_rights_says_what_was_lost(exchange, code, licensed):
    path = f"/v1/listings/{code}/chain-narrowings"
    body = {"link": 0, "reason": "I want it so."}
    exchange.refused("buyer", path, body, slug="not-your-decision", expect=403)
    exchange.refused("stranger", path, body, slug="not-your-decision", expect=403)
    exchange.refused("supplier", path, body | {"link": 1}, slug="chain-link-not-found", expect=404)
    unknown = "/v1/listings/1000000001-0000000000/chain-narrowings"
    exchange.refused("supplier", unknown, body, slug="listing-never-published", expect=404)
    assert exchange.get("stranger", path)["items"] == []


def test_what_is_too_much_for_one_transaction_is_gone_on_with(
    exchange, code, licensed, units, monkeypatch
):
    others = [license_one(exchange, code)[1] for _ in range(2)]
    monkeypatch.setattr(narrowing, "AT_ONCE_MAX", 1)
    assert not narrow(exchange, code, narrowed={"calls_max": 3})["is_applied"]
    rounds = 0
    while True:
        with units.begin(Reach.EXCHANGE) as uow:
            done = continue_narrowing(uow, 1)
            uow.commit()
        if not done:
            break
        rounds += 1
    assert rounds == 2
    for licence_id in (licensed[1], *others):
        found = exchange.get("buyer", f"/v1/licences/{licence_id}")
        assert found["enforced"]["calls_max"] == 3
        assert len(found["narrowings"]) == 1
    with units.begin(Reach.EXCHANGE) as uow:
        assert uow.session.scalars(select(Narrowing.is_applied)).all() == [True]


@pytest.mark.parametrize("at_once", [500, 1])
def test_a_licence_that_cannot_be_narrowed_keeps_no_other_from_it(
    exchange, code, licensed, units, monkeypatch, at_once
):
    bad, good = licensed[1], license_one(exchange, code)[1]

    def work():
        with units.begin(Reach.EXCHANGE) as uow:
            done = continue_narrowing(uow, at_once)
            uow.commit()
        return done

    def calls_max(licence_id):
        return exchange.get("buyer", f"/v1/licences/{licence_id}")["enforced"]["calls_max"]

    def refusing(uow, licence):
        assert licence.id != bad, "none of this can be"

    monkeypatch.setattr(narrowing, "AT_ONCE_MAX", at_once)
    with monkeypatch.context() as patched:
        patched.setattr(narrowing, "note_term", refusing)
        assert not narrow(exchange, code, narrowed={"calls_max": 3})["is_applied"]
        while work():
            pass
        assert calls_max(good) == 3
        assert calls_max(bad) != 3
    while work():
        pass
    assert (calls_max(good), calls_max(bad)) == (3, 3)
    with units.begin(Reach.EXCHANGE) as uow:
        assert uow.session.scalars(select(Narrowing.is_applied)).all() == [True]


def test_a_reviewer_narrows_an_approved_use_and_its_licences(exchange, code, licensed):
    scenario_id, licence_id = licensed
    path = f"/v1/scenarios/{scenario_id}/narrowing"
    body = {"reason": "Fewer calls are enough.", "narrowed": {"calls_max": 11}}
    exchange.refused("insider", path, body, slug="not-your-decision", expect=403)
    exchange.refused("buyer", path, body, slug="permission-missing", expect=403)
    narrowed = exchange.post("first", path, body)
    assert (narrowed["state"], narrowed["terms"]["calls_max"]) == ("ACTIVE", 11)
    licence = exchange.get("buyer", f"/v1/licences/{licence_id}")
    assert licence["enforced"]["calls_max"] == 11
    assert [each["source"] for each in licence["narrowings"]] == ["SCENARIO"]
    exchange.refused("first", path, body, slug="nothing-narrowed", expect=422)
    nothing = {"reason": "No.", "narrowed": {"purposes": ["KYC"]}}
    exchange.refused("first", path, nothing, slug="licence-cannot-be-issued", expect=409)


def test_only_an_approved_use_is_narrowed(exchange, code):
    scenario = exchange.post("buyer", "/v1/scenarios", {"listing_code": code, **scenario_content()})
    body = {"reason": "Too wide.", "narrowed": {"calls_max": 1}}
    path = f"/v1/scenarios/{scenario['id']}/narrowing"
    exchange.refused("first", path, body, slug="illegal-transition", expect=409)
