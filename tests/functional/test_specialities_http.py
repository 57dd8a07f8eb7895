"""A reviewer says what they know, and the queue, their colleagues and the operator see it."""

import json
from urllib.parse import urlencode

import pytest

from app.accounts import services as accounts
from app.accounts.argon2_passwords import Argon2Passwords
from app.core.principals import Role
from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from ledger.log.models import LogEntry
from tests.factories.compliance import PEOPLE, everybody_over_http, staff

MINE = "/v1/reviewer-specialities/mine"


@pytest.fixture
def exchange(app):
    return everybody_over_http(app)


def put(exchange, who, *codes):
    return exchange.client.put(
        MINE, json={"specialities": list(codes)}, headers={"Authorization": who}
    )


def test_the_queue_is_asked_for_what_is_mine(exchange):
    def mine(who):
        return len(exchange.get(who, "/v1/review-cases?is_for_me=true")["items"])

    exchange.submit()
    assert (mine("intake"), mine("first"), mine("officer")) == (1, 0, 0)
    exchange.admit(exchange.case())
    assert (mine("intake"), mine("first"), mine("officer"), mine("panel1")) == (0, 1, 0, 0)
    known = {each["code"] for each in exchange.get("nobody", "/v1/specialities")["items"]}
    assert {"TRANSPORT", "PERSONAL_INFORMATION"} <= known
    assert exchange.get("first", MINE) == {
        "person_id": "psn_first", "specialities": [], "registered_at": None, "registered_by": None,
    }  # fmt: skip
    assert put(exchange, "first", "FINANCE").status_code == 200
    assert mine("first") == 0
    assert put(exchange, "first", "FINANCE", "TRANSPORT").get_json()["specialities"] == [
        "FINANCE",
        "TRANSPORT",
    ]
    assert mine("first") == 1
    (case,) = exchange.get("first", "/v1/review-cases")["items"]
    of = {"listing_code": case["listing_code"], "supplier_id": case["supplier_id"]}
    assert exchange.get("first", f"/v1/review-cases?{urlencode(of)}")["items"] == [case]
    for misfit in ("listing_code=AIR-0", "supplier_id=org_" + "7" * 26):
        assert exchange.get("first", f"/v1/review-cases?{misfit}")["items"] == []
    found = exchange.get("second", "/v1/reviewer-specialities?speciality=TRANSPORT")["items"]
    assert [each["person_id"] for each in found] == ["psn_first"]


def test_only_what_there_is_can_be_known_and_only_by_a_reviewer(exchange):
    refused = put(exchange, "first", "ASTROLOGY", "FINANCE")
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.get_json()["errors"]] == ["#/specialities/0"]
    assert put(exchange, "first", "FINANCE", "FINANCE").status_code == 422
    for who in ("buyer", "supplier", "officer", "panel1"):
        assert put(exchange, who, "FINANCE").status_code == 403
    assert put(exchange, "nobody", "FINANCE").status_code == 401


@pytest.fixture
def staffed(exchange, monkeypatch):
    """The exchange with an operator and people who are really there, by role."""
    monkeypatch.setitem(PEOPLE, "operator", staff("operator", Role.OPERATOR))
    units, passwords = (
        exchange.app.extensions["counterfoil"].get(UnitOfWorkFactory),
        Argon2Passwords(),
    )
    people = {"password": "correct horse battery"}
    with units.begin(Reach.EXCHANGE) as uow:
        opened = accounts.bootstrap_exchange(
            uow,
            passwords,
            name="Exchange",
            uscc="91000000MA00000030",
            email="o@x.example",
            **people,
        )
        operator = staff("first_operator", Role.OPERATOR, organisation_id=opened.id)
        made = {
            role: accounts.add_person(
                uow,
                passwords,
                operator,
                email=f"{role}@x.example",
                name="Somebody",
                roles=[role],
                **people,
            ).id
            for role in (Role.REVIEWER, Role.AUDITOR)
        }
        uow.commit()
    return made


def assign(exchange, who, person_id, *codes):
    return exchange.client.put(
        f"/v1/reviewer-specialities/{person_id}",
        json={"specialities": list(codes)},
        headers={"Authorization": who},
    )


def test_an_operator_says_what_a_reviewer_is_asked_for_and_the_log_has_it(exchange, staffed):
    reviewer = staffed[Role.REVIEWER]
    assert put(exchange, "first", "FINANCE").status_code == 200
    assigned = assign(exchange, "operator", reviewer, "TRANSPORT", "FINANCE")
    assert assigned.status_code == 200, assigned.text
    assert assigned.get_json()["registered_by"] == "psn_operator"
    found = exchange.get("second", "/v1/reviewer-specialities?speciality=TRANSPORT")["items"]
    assert [each["person_id"] for each in found] == [reviewer]
    assert assign(exchange, "operator", reviewer).get_json()["specialities"] == []
    assert exchange.get("second", "/v1/reviewer-specialities?speciality=TRANSPORT")["items"] == []
    units = exchange.app.extensions["counterfoil"].get(UnitOfWorkFactory)
    with units.begin(Reach.EXCHANGE) as uow:
        entries = uow.session.query(LogEntry).filter_by(entry_type="specialities_registered")
        leaves = [json.loads(each.body) for each in entries.order_by(LogEntry.arrival)]
    said = [(each["reviewer"], each["specialities"], each["registered_by"]) for each in leaves]
    assert said == [
        ("psn_first", ["FINANCE"], "psn_first"),
        (reviewer, ["FINANCE", "TRANSPORT"], "psn_operator"),
        (reviewer, [], "psn_operator"),
    ]


def test_nobody_is_asked_for_anything_who_does_not_review(exchange, staffed):
    refused = assign(exchange, "operator", staffed[Role.AUDITOR], "FINANCE")
    assert refused.get_json()["type"].endswith("#role-not-held")
    assert assign(exchange, "operator", "psn_nobody", "FINANCE").status_code == 404
    assert exchange.get("second", "/v1/reviewer-specialities")["items"] == []
    for who in ("first", "buyer", "officer"):
        assert assign(exchange, who, staffed[Role.REVIEWER], "FINANCE").status_code == 403
