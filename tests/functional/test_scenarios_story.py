"""Scenarios, orders and licences over HTTP in the whole application."""

import json

import pytest

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from compliance.rules import rule_set
from ledger.journal.wallets import services as journal
from tests.factories.compliance import (
    BUYER_ID,
    CLEAR,
    SUPPLIER_ID,
    everybody_over_http,
    scenario_content,
)

APPROVE = {"answers": CLEAR, "decision": "approve", "reason": "Plausible."}


@pytest.fixture
def exchange(app):
    made = everybody_over_http(app)
    with app.extensions["counterfoil"].get(UnitOfWorkFactory).begin(Reach.EXCHANGE) as uow:
        for organisation_id in (BUYER_ID, SUPPLIER_ID):
            journal.open_accounts(uow, organisation_id=organisation_id)
        uow.commit()
    return made


@pytest.fixture
def code(exchange):
    return exchange.list_product()


def submit(exchange, code, **changes):
    body = {"listing_code": code, **scenario_content(**changes)}
    return exchange.post("buyer", "/v1/scenarios", body)


def approved(exchange, code, **decision):
    scenario = submit(exchange, code)
    return exchange.post(
        "first", f"/v1/scenarios/{scenario['id']}/decision", {**APPROVE, **decision}
    )


def order(exchange, code, scenario_id):
    page = exchange.get("buyer", f"/v1/listings/{code}")
    return {
        "listing_code": code,
        "plan_id": page["plans"][0]["id"],
        "scenario_id": scenario_id,
        "accept_terms": True,
    }


def licensed(exchange, code):
    scenario = approved(exchange, code)
    placed = exchange.post("buyer", "/v1/orders", order(exchange, code, scenario["id"]))
    return scenario, placed["licence_id"]


def test_an_order_needs_an_approved_scenario(exchange, code):
    scenario = submit(exchange, code)
    body = order(exchange, code, scenario["id"])
    exchange.refused("buyer", "/v1/orders", body, slug="scenario-not-approved", expect=403)
    refused = {"answers": CLEAR, "decision": "refuse", "reason": "Too vague."}
    exchange.post("second", f"/v1/scenarios/{scenario['id']}/decision", refused)
    exchange.refused("buyer", "/v1/orders", body, slug="scenario-not-approved", expect=403)
    assert exchange.get("buyer", "/v1/licences")["items"] == []


def test_an_order_for_a_scenario_becomes_a_licence_that_both_parties_see(exchange, code):
    scenario, licence_id = licensed(exchange, code)
    for who in ("buyer", "supplier", "auditor"):
        licence = exchange.get(who, f"/v1/licences/{licence_id}")
        assert licence["scenario_id"] == scenario["id"]
        assert licence["enforced"]["fields"] == ["name"]
        assert licence["enforced"]["calls_max"] == 10_000
        assert licence["promised"]["prohibitions"] == ["No resale."]
        listed = exchange.get(who, f"/v1/licences?state=ACTIVE&listing_code={code}")["items"]
        assert [each["id"] for each in listed] == [licence_id]
    exchange.get("stranger", f"/v1/licences/{licence_id}", expect=404)
    assert exchange.get("stranger", "/v1/licences")["items"] == []


def test_a_narrowed_scenario_narrows_the_licence(exchange, code):
    scenario = approved(
        exchange,
        code,
        narrowed={"calls_max": 5, "ends_at": "2026-12-31T00:00:00Z", "fields": ["name"]},
    )
    placed = exchange.post("buyer", "/v1/orders", order(exchange, code, scenario["id"]))
    licence = exchange.get("buyer", f"/v1/licences/{placed['licence_id']}")
    assert licence["enforced"]["calls_max"] == 5
    assert licence["ends_at"] == "2026-12-31T00:00:00.000000Z"


def test_the_rules_of_a_use_are_run_kept_and_replayed_when_it_is_approved(exchange, code):
    scenario = approved(exchange, code)
    (case,) = exchange.get("first", "/v1/review-cases?stage=APPROVED")["items"]
    runs = exchange.get("first", f"/v1/review-cases/{case['id']}/evaluations")["items"]
    (run,) = [each for each in runs if each["subject_id"] == scenario["id"]]
    assert run["stage"] == "scenario"
    assert run["circumstances"]["scenario"]["purpose"] == "LOGISTICS"
    answers = {each["rule_id"]: each["outcome"] for each in run["outcomes"]}
    assert answers["N2"] == "NEEDS_HUMAN"  # within the offer; whether it is ethical a person says
    assert answers.keys() == {"S4-Q", "N2", "PIPL24-1", "PIPL41-1"}
    again = exchange.get("auditor", f"/v1/rule-evaluations/{run['id']}/replay")
    assert again["is_same"] is True


def test_a_rule_stands_against_a_use_that_a_reviewer_would_approve(exchange, code, monkeypatch):
    scenario = submit(exchange, code, is_automated_decision=True)
    fairness_decides(monkeypatch)
    path = f"/v1/scenarios/{scenario['id']}/decision"
    problem = exchange.refused("first", path, APPROVE, slug="rules-block", expect=409)
    assert problem["rule_ids"] == ["PIPL24-1"]
    assert exchange.get("buyer", f"/v1/scenarios/{scenario['id']}")["state"] == "SUBMITTED"
    by_hand = submit(exchange, code, is_automated_decision=False)
    exchange.post("first", f"/v1/scenarios/{by_hand['id']}/decision", APPROVE)


def fairness_decides(monkeypatch):
    """A later rule set, in which automated decisions about anybody need a statement of fairness."""
    document = json.loads(json.dumps(rule_set.current().document))
    document["version"] += 1
    (rule,) = [each for each in document["rules"] if each["id"] == "PIPL24-1"]
    rule.update(severity="BLOCK", applies_when=[], version=rule["version"] + 1)
    sets = (*rule_set.published(), rule_set.RuleSet.read(document))
    monkeypatch.setattr(rule_set, "published", lambda: sets)


def test_a_use_is_described_whole_and_hashed_as_it_was_described(exchange, code):
    whole = {
        "application_scene": "Planning of freight flights.",
        "benefit": "Fewer diversions.",
        "business_process": "Flight planning",
        "is_automated_decision": False,
        "affected_persons": "None.",
        "frequency": "Daily",
        "processors": ["Cloud Ltd"],
        "onward_output": "Planners see names of airports.",
        "legal_basis": "No personal information.",
        "consent_flow": "None is needed.",
        "security_measures": ["Encrypted at rest."],
        "evidence": [{"title": "Process description", "sha256": "e" * 64}],
    }
    described = submit(exchange, code, **whole)
    assert whole.items() <= described["content"].items()
    assert described["scenario_hash"] != submit(exchange, code)["scenario_hash"]
    body = {"listing_code": code, **scenario_content(evidence=[{"title": "x", "sha256": "y"}])}
    problem = exchange.post("buyer", "/v1/scenarios", body, expect=422)
    assert problem["errors"][0]["pointer"] == "#/evidence/0/sha256"


def test_nobody_widens_a_scenario(exchange, code):
    scenario = submit(exchange, code)
    problem = exchange.refused(
        "first",
        f"/v1/scenarios/{scenario['id']}/decision",
        {**APPROVE, "narrowed": {"calls_max": 10_001}},
        slug="scenario-outside-listing",
        expect=422,
    )
    assert problem["errors"][0]["pointer"] == "#/narrowed/calls_max"


def test_a_withdrawn_scenario_takes_its_licences_along(exchange, code):
    scenario, licence_id = licensed(exchange, code)
    path = f"/v1/scenarios/{scenario['id']}/withdrawal"
    exchange.refused("supplier", path, slug="permission-missing", expect=403)
    exchange.refused("stranger", path, slug="scenario-not-found", expect=404)
    assert exchange.post("buyer", path)["state"] == "WITHDRAWN"
    licence = exchange.get("buyer", f"/v1/licences/{licence_id}")
    assert (licence["state"], licence["reason_code"]) == ("REVOKED", "SCENARIO_WITHDRAWN")
    body = order(exchange, code, scenario["id"])
    exchange.refused("buyer", "/v1/orders", body, slug="scenario-not-approved", expect=403)


def test_a_buyer_gives_one_licence_up_and_keeps_its_scenario_and_the_others(exchange, code):
    scenario, licence_id = licensed(exchange, code)
    body = order(exchange, code, scenario["id"])
    other = exchange.post("buyer", "/v1/orders", body)["licence_id"]
    path = f"/v1/licences/{licence_id}/surrender"
    exchange.refused("supplier", path, slug="permission-missing", expect=403)
    exchange.refused("stranger", path, slug="licence-not-found", expect=404)
    given_up = exchange.post("buyer", path)
    assert (given_up["state"], given_up["reason_code"]) == ("REVOKED", "GIVEN_UP")
    assert exchange.get("buyer", f"/v1/licences/{other}")["state"] == "ACTIVE"
    assert exchange.get("buyer", f"/v1/scenarios/{scenario['id']}")["state"] == "ACTIVE"
    exchange.refused("buyer", path, slug="illegal-transition", expect=409)


@pytest.mark.parametrize("who", ["risk", "supplier"])
def test_risk_officer_and_supplier_revoke_a_licence(exchange, code, who):
    _, licence_id = licensed(exchange, code)
    path, body = f"/v1/licences/{licence_id}/revocation", {"reason_code": "BREACH"}
    exchange.refused("buyer", path, body, slug="not-your-decision", expect=403)
    exchange.refused("stranger", path, body, slug="licence-not-found", expect=404)
    assert exchange.post(who, path, body)["state"] == "REVOKED"
    exchange.refused(who, path, body, slug="illegal-transition", expect=409)


def test_a_revoked_listing_takes_its_licences_along(exchange, code):
    _, licence_id = licensed(exchange, code)
    exchange.revoke("risk", code, "UNLAWFUL_SOURCE")
    assert exchange.get("buyer", f"/v1/licences/{licence_id}")["reason_code"] == "LISTING_REVOKED"


def test_a_suspended_listing_takes_no_scenario_and_no_order(exchange, code):
    scenario = approved(exchange, code)
    body = order(exchange, code, scenario["id"])
    exchange.post("risk", f"/v1/listings/{code}/suspension", {"reason_code": "COMPLAINT"})
    exchange.refused("buyer", "/v1/orders", body, slug="listing-not-found", expect=404)
    exchange.refused(
        "buyer",
        "/v1/scenarios",
        {"listing_code": code, **scenario_content()},
        slug="listing-not-in-force",
        expect=409,
    )


def test_everybody_sees_their_own_scenarios_only(exchange, code):
    scenario = submit(exchange, code)
    path = f"/v1/scenarios/{scenario['id']}"
    assert exchange.get("buyer", path) == scenario
    assert exchange.get("first", "/v1/scenarios?state=SUBMITTED")["items"] == [scenario]
    for who in ("supplier", "stranger"):
        exchange.get(who, path, expect=404)
        assert exchange.get(who, "/v1/scenarios")["items"] == []


def test_a_scenario_that_is_not_whole_is_refused(exchange, code, subtests):
    for changes in (
        {"purpose": "ANYTHING"},
        {"purpose": None},
        {"fields": []},
        {"fields": [{"name": "name"}]},
        {"fields": [{"name": "owner", "reason": "Curious."}]},
        {"regions": ["Shanghai"]},
        {"regions": ["CN", "CN"]},
        {"calls_max": -1},
        {"calls_max": 1.5},
        {"calls_per_second": "20"},
        {"starts_at": "2027-05-01T00:00:00Z"},
        {"starts_at": "tomorrow"},
        {"ends_at": "2027-05-01T00:00:00"},
        {"retention": "FOREVER"},
        {"prohibited_uses": []},
        {"problem": "x" * 2_001},
        {"colour": "red"},
    ):
        with subtests.test(**changes):
            body = {"listing_code": code, **scenario_content(**changes)}
            problem = exchange.post("buyer", "/v1/scenarios", body, expect=422)
            assert problem["errors"]
    assert exchange.get("buyer", "/v1/scenarios")["items"] == []
