"""What was decided replays under its own rule set, however far the rules have moved on."""

import json

import pytest

from app.core.reach import Reach
from compliance import services
from compliance.events import RuleSetChanged
from compliance.models.reviews import RuleEvaluation
from compliance.rules import rule_set
from compliance.rules.evaluation import evaluate_dossier
from compliance.rules.facts import PRODUCT, gather
from compliance.rules.rule_set import RuleSet
from tests.factories.compliance import dossier, open_review, verify_parties
from tests.unit.compliance.test_rules import circumstances


def later(by):
    """A test-only rule set: every rule reads another day's law and blocks everybody."""
    document = json.loads(json.dumps(rule_set.current().document))
    document["version"] += by
    for rule in document["rules"]:
        rule["version"] += by
        rule["predicate"], rule["parameters"] = "supplier_code_is_valid", {}
        rule["inputs"] = ["product.name"]
    return RuleSet.read(document)


@pytest.fixture
def uow(units):
    with units.begin(Reach.EXCHANGE) as uow:
        verify_parties(uow)
        yield uow


def evaluations(uow):
    uow.session.flush()
    return sorted(uow.session.query(RuleEvaluation).all(), key=lambda each: each.id)


def test_a_decision_replays_after_the_rules_moved_on_by_three(uow, monkeypatch):
    open_review(uow)
    (first,) = evaluations(uow)
    sets = [*rule_set.published(), *(later(by) for by in (1, 2, 3))]
    monkeypatch.setattr(rule_set, "published", lambda: tuple(sets))
    case = open_review(uow, version_id="ver_later")
    assert case.stage == "RETURNED"
    by_id = {each.case_id: each for each in evaluations(uow)}
    assert by_id[case.id].rule_set_hash == sets[-1].hash != first.rule_set_hash
    for each in by_id.values():
        assert services.replay_evaluation(uow, evaluation_id=each.id)


def test_a_byte_of_the_dossier_is_noticed_by_the_replay(uow):
    case = open_review(uow)
    (kept,) = evaluations(uow)
    case.dossier = case.dossier | {"summary": case.dossier["summary"] + "."}
    assert not services.replay_evaluation(uow, evaluation_id=kept.id)


def test_a_published_set_reads_the_dossier_as_it_did():
    first = rule_set.published()[0]
    before = gather(dossier(), circumstances(), first.facts_version)
    assert "personal" not in before
    assert set(before["product"]) == set(PRODUCT)
    kept = evaluate_dossier(first, dossier(), circumstances())
    assert [each.rule_id for each in kept.outcomes] == [rule.id for rule in first.rules]
    assert not kept.blocking


def test_a_new_rule_set_is_told_the_first_time_that_it_decides(units, uow):
    open_review(uow)
    open_review(uow, version_id="ver_other")
    uow.commit()
    told = [each for each in units.events if isinstance(each, RuleSetChanged)]
    assert [(each.rule_set_hash, each.version) for each in told] == [(rule_set.current().hash, 3)]
