"""Compliance over HTTP in the whole application: review, suspension, and what a supplier sees."""

import pytest

from compliance.ports import UpstreamProbe
from tests.factories.compliance import (
    CLEAR,
    FIRST,
    SECOND,
    StandingProbe,
    everybody_over_http,
)


@pytest.fixture
def exchange(app):
    return everybody_over_http(app)


def test_a_product_reaches_the_catalogue_only_after_two_reviewers_and_a_third(exchange):
    code = exchange.submit()
    case = exchange.case()
    steps = [
        lambda: exchange.admit(case),
        lambda: exchange.take("first", case),
        lambda: exchange.approve("first", case),
        lambda: exchange.take("second", case),
    ]
    assert exchange.catalogue() == []
    for step in steps:
        step()
        assert exchange.catalogue() == []
    decided = exchange.approve("second", case)
    assert (decided["stage"], decided["first_reviewer_id"], decided["second_reviewer_id"]) == (
        "APPROVED",
        FIRST.id,
        SECOND.id,
    )
    assert exchange.catalogue() == []
    assert exchange.decide_listing()["state"] == "LISTED"
    assert exchange.catalogue() == [code]


def test_no_shortcut_over_http_replaces_the_second_reviewer(exchange):
    exchange.submit()
    case = exchange.case()
    approve = {"decision": "approve", "reason": "Sound.", "items": exchange.items("first", case)}
    decisions, assignment = f"{case}/decisions", f"{case}/assignment"
    exchange.refused("first", decisions, approve, slug="illegal-transition", expect=409)
    exchange.admit(case)
    exchange.refused("first", decisions, approve, slug="not-the-assigned-reviewer", expect=403)
    exchange.take("first", case)
    exchange.refused("second", assignment, {"answers": CLEAR}, slug="case-taken", expect=409)
    exchange.refused(
        "first", decisions, {**approve, "items": []}, slug="items-unanswered", expect=422
    )
    exchange.approve("first", case)
    exchange.refused(
        "first", assignment, {"answers": CLEAR}, slug="second-reviewer-must-differ", expect=403
    )
    exchange.refused("first", decisions, approve, slug="not-the-assigned-reviewer", expect=403)
    exchange.refused("third", decisions, approve, slug="not-the-assigned-reviewer", expect=403)
    assert exchange.take("insider", case)["conflicts"] == ["same_organisation"]
    exchange.refused("insider", decisions, approve, slug="not-the-assigned-reviewer", expect=403)
    assert exchange.take("third", case, related="unknown")["is_conflicted"]
    exchange.refused(
        "third", assignment, {"answers": CLEAR}, slug="reviewer-conflicted", expect=403
    )
    assert exchange.catalogue() == []


@pytest.mark.parametrize("who", ["supplier", "buyer", "risk", "auditor", "stranger"])
def test_only_reviewers_review(exchange, who):
    exchange.submit()
    case = exchange.case()
    body = {"decision": "approve", "reason": "Sound."}
    exchange.refused(who, f"{case}/decisions", body, slug="permission-missing", expect=403)
    exchange.refused(
        who, f"{case}/assignment", {"answers": CLEAR}, slug="permission-missing", expect=403
    )


def test_a_supplier_sees_its_findings_and_can_submit_again(exchange):
    exchange.submit(sample=[{"name": "13800138000", "city": "Shanghai"}])
    (case,) = exchange.get("supplier", "/v1/review-cases/mine")["items"]
    assert case["stage"] == "RETURNED"
    assert {finding["rule_id"] for finding in case["findings"]} == {"I1", "D3"}
    assert "13800138000" not in str(case)
    assert "first_reviewer_id" not in case
    assert exchange.get("stranger", "/v1/review-cases/mine")["items"] == []
    exchange.get("supplier", f"/v1/review-cases/{case['id']}", expect=403)
    path = f"/v1/products/{case['product_id']}/versions/1"
    exchange.call(
        "supplier",
        "PATCH",
        path,
        {"sample": [{"name": "Pudong", "city": "Shanghai"}]},
        expect=200,
    )
    exchange.post("supplier", f"{path}/submission")
    (waiting,) = exchange.get("first", "/v1/review-cases")["items"]
    assert (waiting["round"], waiting["stage"]) == (2, "INTAKE")


def test_a_return_shows_the_supplier_the_reason(exchange):
    exchange.submit()
    case = exchange.case()
    exchange.admit(case)
    exchange.take("first", case)
    body = {
        "decision": "return",
        "reason": "Say more.",
        "items": [{"rule_id": "D2", "outcome": "FAIL", "reason": "It promises too much."}],
    }
    exchange.post("first", f"{case}/decisions", body)
    (own,) = exchange.get("supplier", "/v1/review-cases/mine")["items"]
    assert [finding["reason"] for finding in own["findings"]] == [
        "It promises too much.",
        "Say more.",
    ]


def test_a_probe_settles_the_rule_about_the_upstream(exchange):
    exchange.submit()
    case = exchange.case()
    exchange.admit(case)
    assert "D4" in [item["rule_id"] for item in exchange.items("first", case)]
    exchange.post("first", f"{case}/probe", expect=200)
    assert "D4" not in [item["rule_id"] for item in exchange.items("first", case)]
    exchange.app.extensions["counterfoil"].add(UpstreamProbe, StandingProbe(fitting_count=0))
    exchange.post("first", f"{case}/probe", expect=200)
    exchange.take("first", case)
    body = {"decision": "approve", "reason": "Sound.", "items": exchange.items("first", case)}
    problem = exchange.refused("first", f"{case}/decisions", body, slug="rules-block", expect=409)
    assert problem["rule_ids"] == ["D4"]


def test_an_auditor_replays_every_evaluation(exchange):
    exchange.list_product()
    (case,) = exchange.get("auditor", "/v1/review-cases?stage=APPROVED")["items"]
    runs = exchange.get("auditor", f"/v1/review-cases/{case['id']}/evaluations")["items"]
    assert len(runs) == 5
    for run in runs:
        assert exchange.get("auditor", f"/v1/rule-evaluations/{run['id']}/replay")["is_same"]
    rules = exchange.get("nobody", "/v1/rule-set")
    assert rules["hash"] == case["rule_set_hash"]
    exchange.get("supplier", f"/v1/rule-evaluations/{runs[0]['id']}/replay", expect=403)


def test_one_suspends_two_others_resume_and_a_panel_revokes(exchange):
    code = exchange.list_product()
    path = f"/v1/listings/{code}"
    exchange.post("risk", f"{path}/suspension", {"reason_code": "COMPLAINT"})
    assert exchange.catalogue() == []
    exchange.refused("risk", f"{path}/resumption", slug="second-person-needed", expect=403)
    assert exchange.post("first", f"{path}/resumption")["state"] == "SUSPENDED"
    exchange.refused("first", f"{path}/resumption", slug="second-person-needed", expect=403)
    assert exchange.post("second", f"{path}/resumption")["state"] == "LISTED"
    assert exchange.catalogue() == [code]
    exchange.revoke("risk", code)
    assert exchange.catalogue() == []
    exchange.refused("risk", f"{path}/resumption", slug="illegal-transition", expect=409)


@pytest.mark.parametrize("who", ["supplier", "buyer", "auditor"])
def test_nobody_else_suspends(exchange, who):
    code = exchange.list_product()
    exchange.refused(
        who,
        f"/v1/listings/{code}/suspension",
        {"reason_code": "COMPLAINT"},
        slug="permission-missing",
        expect=403,
    )


@pytest.mark.parametrize(
    "query", ["?stage=DONE", "?severity=9", "?older_than_hours=-1", "?limit=0", "?cursor=!", "?x=1"]
)
def test_a_queue_asked_for_nonsense_answers_a_problem(exchange, query):
    problem = exchange.get("first", f"/v1/review-cases{query}", expect=422)
    assert problem["type"].startswith("/problems#")
