"""No answer is carried over to a version in which anything moved that the answer rests on."""

from hypothesis import given
from hypothesis import strategies as st

from compliance.review.carrying import Judged, carried_items
from compliance.rules import rule_set
from compliance.rules.evaluation import evaluate_dossier, find
from compliance.rules.facts import gather
from compliance.scanner.dossiers import scan_facts
from tests.factories.compliance import document, dossier, field, per_call, sensitive_members
from tests.unit.compliance.test_rules import circumstances

RULES = rule_set.current()
EVERYBODY = frozenset(rule.id for rule in RULES.rules)

MOVES = {
    "summary": st.sampled_from(["Look it up.", "Look an airport up, by code."]),
    "description": st.text(min_size=1, max_size=20),
    "allowed_purposes": st.lists(st.sampled_from(["OPERATIONS", "RISK", "RESEARCH"]), min_size=1),
    "fields_out": st.just([field("name", grade="GENERAL_4"), field("street", grade="GENERAL_4")]),
    "regions": st.just(["CN", "SG"]),
    "retention": st.sampled_from(["UNLIMITED", "FIXED:30"]),
    "plans": st.just([per_call("0.10000000")]),
    "evidence": st.lists(
        st.sampled_from(["SYSTEM_DESCRIPTION", "INVESTMENT_RECORD"]).map(document), max_size=3
    ),
    "subjects_estimate": st.integers(1, 10**7),
    "has_minors": st.booleans(),
    "scenario_templates": st.just([]),
    "source_types": st.sampled_from([["PURCHASED"], ["PUBLIC_COLLECTION"], ["JOINT"]]),
    "third_party_links": st.just(["PERSONAL_PRIVACY", "TRADE_SECRET"]),
}
AROUND = {
    "at": st.sampled_from(["2026-11-21T08:00:00.000000Z", "2027-12-01T08:00:00.000000Z"]),
    "history": st.just({"revoked_count": 1, "suspended_count": 0}),
    "overlaps": st.just([{"registration_id": "reg_1", "is_own": False}]),
    "persons": st.just({"threshold": 50, "delivered_count": 49, "reached_bp": 9_900}),
}


def some(strategies):
    return st.fixed_dictionaries({}, optional=strategies)


def judged(contents, **changes):
    around = {"scan": scan_facts(contents), **circumstances(**changes)}
    evaluation = evaluate_dossier(RULES, contents, around)
    facts = gather(contents, around, RULES.facts_version)
    return Judged(RULES, facts, contents, evaluation.outcomes)


BEFORE = judged(dossier(**sensitive_members()))
LEFT = {each.rule_id for each in BEFORE.outcomes if each.needs_person}


def moved(rule, now):
    return any(
        find(BEFORE.facts, path) != find(now.facts, path) for path in rule.inputs if path != "at"
    )


@given(contents=some(MOVES), around=some(AROUND))
def test_an_item_whose_inputs_moved_is_never_carried(contents, around):
    now = judged({**dossier(**sensitive_members()), **contents}, **around)
    left = {each.rule_id for each in now.outcomes if each.needs_person}
    carried = carried_items(BEFORE, now, EVERYBODY)
    assert carried <= LEFT & left
    for rule_id in carried:
        rule = RULES.rule(rule_id)
        assert not moved(rule, now)
        assert rule.inputs or now.dossier == BEFORE.dossier


@given(answered=st.sets(st.sampled_from(sorted(EVERYBODY))))
def test_of_the_same_dossier_everything_that_was_answered_is_carried(answered):
    again = judged(
        dossier(**sensitive_members()) | {"version_id": "ver_2"}, at="2026-11-21T08:00:00.000000Z"
    )
    assert carried_items(BEFORE, again, answered) == LEFT & answered


def test_an_item_whose_rule_was_rewritten_is_not_carried():
    document = {
        **RULES.document,
        "rules": [{**rule, "message": rule["message"] + "!"} for rule in RULES.document["rules"]],
    }
    rewritten = rule_set.RuleSet.read(document)
    now = Judged(rewritten, BEFORE.facts, BEFORE.dossier, BEFORE.outcomes)
    assert carried_items(BEFORE, BEFORE, EVERYBODY) == LEFT
    assert carried_items(BEFORE, now, EVERYBODY) == frozenset()
