"""The shipped rules decide as they say, over facts gathered from a dossier."""

import json
from datetime import date
from importlib import resources

import pytest

from app.core.canonical import digest_hex
from compliance.rules import rule_set
from compliance.rules.evaluation import FAILING, evaluate, evaluate_dossier, worst_severity
from compliance.rules.facts import gather
from compliance.rules.predicates import REGISTRY
from compliance.rules.rule_set import RuleSet, Severity, Stage
from compliance.rules.verdicts import Outcome
from compliance.scanner.dossiers import scan_facts
from tests.factories.compliance import (
    SUPPLIER_USCC,
    document,
    dossier,
    field,
    package,
    per_call,
    personal_members,
    subscription,
    tiered,
    yearly,
)

PROBE = {"probed_at": "x", "calls_count": 3, "answered_count": 3, "fitting_count": 3, "detail": ""}


def circumstances(**changes):
    supplier = {
        "name": "Example Ltd",
        "uscc": SUPPLIER_USCC,
        "is_supplier": True,
        "verified_until": "2027-01-01T00:00:00.000000Z",
    }
    return {
        "at": "2026-11-20T08:00:00.000000Z",
        "supplier": {**supplier, **changes.pop("supplier", {})},
        "probe": PROBE,
        "overlaps": [],
        "history": {"revoked_count": 0, "suspended_count": 0},
        "persons": {"threshold": 50, "delivered_count": 0, "reached_bp": 0},
        "quality": {
            "grade": "B",
            "vetoes": [],
            "valid_until": "2027-01-01T00:00:00.000000Z",
            "is_drawn_by_exchange": True,
            "rows_commitment": "a" * 64,
        },
        "quality_sample": {"sample_id": "qsa_1", "state": "MEASURED", "attempt": 1},
        **changes,
    }


def judged(contents, stage=Stage.REVIEW, **changes):
    """The evaluation of a dossier as the service makes it, scan included."""
    around = {"scan": scan_facts(contents), **circumstances(**changes)}
    return evaluate_dossier(rule_set.current(), contents, around, stage)


def outcomes(contents=None, **changes):
    found = judged(contents or dossier(), **changes).outcomes
    return {each.rule_id: each.outcome for each in found}


def test_a_whole_dossier_passes_every_rule_but_those_of_judgement():
    answers = outcomes()
    assert Outcome.FAIL not in answers.values()
    left = {rule for rule, outcome in answers.items() if outcome is Outcome.NEEDS_HUMAN}
    assert left == {"S3", "P3", "P10", "T1", "T2", "D2"}
    assert set(answers.values()) == {Outcome.PASS, Outcome.NEEDS_HUMAN, Outcome.NOT_APPLICABLE}


def test_a_dossier_about_persons_that_meets_its_duties_blocks_nothing():
    answers = outcomes(dossier(**personal_members()))
    assert [rule for rule, outcome in answers.items() if outcome in FAILING] == []
    assert {answers[rule] for rule in ("I2", "I3", "I4", "I6", "I7", "M1")} == {Outcome.NEEDS_HUMAN}


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("DSL33-2", {"source_statement": ""}),
        ("DSL33-2", {"source_types": []}),
        ("DSL33-2", {"evidence": []}),
        ("P2", {"evidence": [document("SYSTEM_DESCRIPTION")]}),
        ("P8", {"rights": []}),
        ("P8", {"rights": [{"right": "OWN", "basis": "original"}]}),
        ("P8", {"rights": [{"right": "OPERATE", "basis": "licensed"}]}),
        ("M3", {"grade": None}),
        ("CORE-1", {"grade": "CORE"}),
        ("G1", {"fields_out": [field("name", grade="IMPORTANT")]}),
        ("D1", {"summary": ""}),
        ("D1", {"fields_out": []}),
        ("D1", {"fields_out": [field("name"), field("name")]}),
        ("D1", {"fields_out": [field("name", description="")]}),
        ("K1", {"plans": []}),
        ("K1", {"plans": [per_call("0.00000000")]}),
        ("K1", {"plans": [per_call("-1")]}),
        ("K1", {"plans": [per_call("1000001")]}),
        ("K1", {"plans": [tiered("0.40", "1000001")]}),
        ("K1", {"plans": [tiered("0.00", "0.00")]}),
        ("K1", {"plans": [tiered("1.00", "-1")]}),
        ("K1", {"plans": [subscription("0.00", 100)]}),
        ("K1", {"plans": [subscription("100.00", 0, overage_price="1000001")]}),
        ("K1", {"plans": [yearly("0.00", None)]}),
        ("N1", {"allowed_purposes": []}),
        ("N1", {"allowed_purposes": ["ANYTHING"]}),
        ("I1", {"sample": [{"name": "13800138000"}]}),
        ("I1", {"pi_level": "WHO KNOWS"}),
        ("I1", {"fields_out": [field("phone", example="13800138000")]}),
        ("D3", {"sample": []}),
        ("D3", {"sample": [{"name": "AKIA" + "ABCDEFGHIJKLMNOP"}]}),
        ("D3", {"pi_level": "PERSONAL", "sample": [{"name": "13800138000"}]}),
    ],
)
def test_a_dossier_with_one_fault_fails_the_rule_for_it(rule, changes):
    assert outcomes(dossier(**changes))[rule] is Outcome.FAIL


@pytest.mark.parametrize(
    ("rule", "outcome", "changes"),
    [
        ("K1", Outcome.WARN, {"plans": [package(100, "10"), package(1000, "200")]}),
        ("K1", Outcome.PASS, {"plans": [per_call(), package(100, "30"), package(1000, "200")]}),
        (
            "K1",
            Outcome.PASS,
            {
                "plans": [
                    tiered("0.00", "0.30"),
                    subscription("0.00", 100, overage_price="0.10"),
                    subscription("100.00", 0),
                    yearly("20000.00", None),
                    yearly("2000000.00", 2),
                ]
            },
        ),
        ("K1", Outcome.ERROR, {"plans": [per_call("a lot")]}),
        ("K1", Outcome.ERROR, {"plans": [{"kind": "lottery"}]}),
        ("P8", Outcome.NEEDS_HUMAN, {"rights": [{"right": "USE", "basis": "original"}]}),
        (
            "P2",
            Outcome.NEEDS_HUMAN,
            {
                "source_types": ["OTHER"],
                "evidence": [document("SOURCE_STATEMENT")],
            },
        ),
        ("CORE-1", Outcome.NEEDS_HUMAN, {"grade": "IMPORTANT"}),
        ("I1", Outcome.NEEDS_HUMAN, {"sample": [{"name": "desk@example.com"}]}),
        ("I1", Outcome.PASS, {"pi_level": "PERSONAL", "sample": [{"name": "138****8000"}]}),
        ("D1", Outcome.ERROR, {"fields_out": 7}),
    ],
)
def test_what_the_machine_cannot_settle_is_said_so(rule, outcome, changes):
    assert outcomes(dossier(**changes))[rule] is outcome


@pytest.mark.parametrize(
    ("rule", "outcome", "changes"),
    [
        ("S1", Outcome.FAIL, {"supplier": {"uscc": "91350100M000100Y44"}}),
        ("S1", Outcome.FAIL, {"supplier": {"uscc": None}}),
        ("DSL33-1", Outcome.FAIL, {"supplier": {"verified_until": None}}),
        ("DSL33-1", Outcome.FAIL, {"supplier": {"is_supplier": False}}),
        ("DSL33-1", Outcome.FAIL, {"supplier": {"verified_until": "2026-11-20T08:00:00.000000Z"}}),
        ("D4", Outcome.NEEDS_HUMAN, {"probe": None}),
        ("D4", Outcome.FAIL, {"probe": {**PROBE, "fitting_count": 2}}),
        ("D4", Outcome.FAIL, {"probe": {**PROBE, "answered_count": 0, "fitting_count": 0}}),
        ("D4", Outcome.NEEDS_HUMAN, {"probe": {**PROBE, "calls_count": 0}}),
        ("P2", Outcome.FAIL, {"at": "2027-07-01T00:00:00.000000Z"}),
    ],
)
def test_circumstances_decide_beside_the_dossier(rule, outcome, changes):
    assert outcomes(**changes)[rule] is outcome


REPORT = circumstances()["quality"]
CALLS = {"calls_count": 200, "answered_count": 200, "fitting_count": 198}


@pytest.mark.parametrize(
    ("outcome", "quality"),
    [
        (Outcome.PASS, REPORT),
        (Outcome.NEEDS_HUMAN, None),
        (Outcome.NEEDS_HUMAN, {**REPORT, "grade": None, "coverage": "0.570000"}),
        (Outcome.FAIL, {**REPORT, "grade": None, "vetoes": ["LEAKED_SECRET"]}),
        (Outcome.FAIL, {**REPORT, "grade": "D"}),
        (Outcome.FAIL, {**REPORT, "valid_until": "2026-11-20T08:00:00.000000Z"}),
    ],
)
def test_a_report_passes_blocks_or_goes_to_a_person(outcome, quality):
    assert outcomes(quality=quality)["Q1"] is outcome


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("MEASURED", Outcome.PASS),
        ("COMMITTED", Outcome.FAIL),
        ("DRAWN", Outcome.FAIL),
        ("LAPSED", Outcome.FAIL),
    ],
)
def test_who_committed_to_rows_owes_their_report_before_the_listing(state, outcome):
    sample = {"sample_id": "qsa_1", "state": state, "attempt": 1}
    assert outcomes(stage=Stage.LISTING, quality_sample=sample)["Q3"] is outcome
    assert "Q3" not in outcomes(quality_sample=sample)


def test_without_a_commitment_no_report_is_owed():
    assert outcomes(stage=Stage.LISTING, quality_sample=None)["Q3"] is Outcome.PASS


@pytest.mark.parametrize(
    ("calls", "outcome"),
    [
        (CALLS, Outcome.PASS),
        ({**CALLS, "fitting_count": 197}, Outcome.FAIL),
        ({"calls_count": 29, "answered_count": 29, "fitting_count": 1}, Outcome.PASS),
    ],
)
def test_sampled_calls_count_once_they_are_thirty(calls, outcome):
    assert outcomes(quality={**REPORT, "calls": calls})["D4"] is outcome


HIDDEN = {"k": 20, "l": 2, "unique_share": "0.000000", "is_whole": True}


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.PASS),
        ({"l": None}, Outcome.PASS),
        ({"is_whole": False}, Outcome.PASS),
        ({"k": 19}, Outcome.FAIL),
        ({"l": 1}, Outcome.FAIL),
        ({"k": 1, "unique_share": "0.010000"}, Outcome.FAIL),
        ({"k": 3, "is_whole": False}, Outcome.NEEDS_HUMAN),
        ({"k": None}, Outcome.NEEDS_HUMAN),
    ],
)
def test_classes_of_equal_persons_are_large_and_varied(changes, outcome):
    claim = {"method": "GENERALISATION", "k": 20}
    contents = dossier(pi_level="ANONYMISED", anonymisation=claim)
    assert outcomes(contents, anonymity={**HIDDEN, **changes})["I8"] is outcome


def test_evidence_counts_on_its_last_day():
    assert outcomes(at="2027-06-30T15:59:59.000000Z")["P2"] is Outcome.PASS
    assert outcomes(at="2027-06-30T16:00:00.000000Z")["P2"] is Outcome.FAIL  # July in Shanghai


def test_an_error_blocks_like_a_failure():
    evaluation = judged(dossier(fields_out=7))
    assert "D1" in [each.rule_id for each in evaluation.blocking]


def test_the_same_facts_give_the_same_evaluation():
    assert judged(dossier()) == judged(dossier())


def test_every_outcome_says_what_decided_it():
    found = judged(dossier(evidence=[document("SYSTEM_DESCRIPTION")])).outcomes
    by_id = {each.rule_id: each for each in found}
    missing = {"SELF_PRODUCED": ["GENERATION_PROCESS", "INVESTMENT_RECORD"]}
    assert by_id["P2"].decided_by == {"missing": missing}


def test_every_rule_names_a_registered_predicate_and_a_source():
    for rule in rule_set.current().rules:
        assert rule.predicate in REGISTRY
        assert rule.law_refs
        assert rule.message
        assert rule.message_zh
        assert rule.kinds
        assert rule.is_judged or rule.predicate != "judgement"


def test_the_hash_of_the_rule_set_is_that_of_its_published_file():
    text = resources.files("compliance.rules").joinpath("rule_set_3.json").read_text("utf-8")
    assert rule_set.current().hash == digest_hex(json.loads(text))


def changed(**changes):
    document_ = json.loads(json.dumps(rule_set.current().document))
    document_["rules"][0].update(changes)
    return RuleSet.read(document_)


def test_a_rule_applies_on_its_days_only():
    rules = changed(effective_from="2026-02-01", effective_to="2026-03-31")
    assert [rules.rules[0].is_in_force(date(2026, *day)) for day in [(1, 31), (2, 1), (3, 31)]] == [
        False,
        True,
        True,
    ]
    assert not rules.rules[0].is_in_force(date(2026, 4, 1))
    answers = evaluate(rules, gather(dossier(), circumstances(), 2)).outcomes
    assert rules.rules[0].id not in [each.rule_id for each in answers]


@pytest.mark.parametrize(
    ("condition", "outcome"),
    [
        ({"path": "product.pi_level", "in": ["SENSITIVE"]}, Outcome.NOT_APPLICABLE),
        ({"path": "product.pi_level", "in": ["NONE"]}, Outcome.PASS),
        ({"path": "product.purposes", "any_in": ["RESEARCH"]}, Outcome.PASS),
        ({"path": "product.purposes", "any_in": ["RISK"]}, Outcome.NOT_APPLICABLE),
        ({"path": "product.name.first"}, Outcome.NOT_APPLICABLE),
    ],
)
def test_a_rule_applies_when_its_conditions_hold(condition, outcome):
    answers = evaluate(changed(applies_when=[condition]), gather(dossier(), circumstances(), 2))
    assert answers.outcomes[0].outcome is outcome


def test_two_rules_of_one_id_are_refused():
    with pytest.raises(ValueError, match="share an id"):
        changed(id="T1")


def test_the_severity_of_a_case_is_its_gravest_finding():
    doubtful = judged(dossier(plans=[package(1, "1"), package(2, "9")]))
    assert worst_severity(doubtful.outcomes) is Severity.REVIEW
    assert worst_severity(judged(dossier()).outcomes) is Severity.INFO
