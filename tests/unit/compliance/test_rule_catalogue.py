"""The newest rule set holds every item of the checklist and every rule of law, whole."""

import importlib
import json

import pytest

from app.core.canonical import digest_hex
from compliance.rules import rule_set
from compliance.rules.predicates import REGISTRY
from compliance.rules.rule_set import RuleSet, Stage

CHECKLIST = {
    *(f"S{n}" for n in range(1, 6)),
    *(f"M{n}" for n in range(1, 6)),
    *(f"P{n}" for n in range(1, 11)),
    *(f"T{n}" for n in range(1, 7)),
    *(f"I{n}" for n in range(1, 11)),
    *("G1", "G2", "X1", "X2", "D1", "D2", "D3", "D4", "Q1", "Q2", "Q3"),
    *("K1", "K2", "K3", "N1", "N2", "Z1", "Z2"),
}
LAW = {
    *("DSL33-1", "DSL33-2", "DSL33-3", "DSL21-1", "CORE-1", "IMP-1", "IMP-2", "IMP-3"),
    *("NDSR12-1", "NDSR18-1", "NDSR19-1", "NDSR24-1", "PIPL4-1", "PIPL13-1", "PIPL23-1"),
    *("PIPL23-2", "PIPL27-1", "PIPL28-1", "PIPL31-1", "PIPL24-1", "PIPL55-1", "PIPL15-1"),
    *("CSL21-1", "CSL-A", "ECL31-1", "SH55-1", "SZ67-1", "PUB-1", "PUB-2", "PIPL41-1"),
    *("CB-0", "CB-1", "CB-2", "CB-3", "CB-4", "IC-1", "AML-1"),
}


def newest():
    return rule_set.current()


def test_every_item_and_every_rule_of_law_is_there():
    rules = newest().rules
    named = {rule.id for rule in rules} | {each for rule in rules for each in rule.covers}
    assert CHECKLIST - named == set()
    assert LAW - named == set()


@pytest.mark.parametrize("rule", newest().rules, ids=lambda rule: rule.id)
def test_a_rule_is_whole(rule):
    assert rule.predicate in REGISTRY
    assert rule.message
    assert rule.message_zh
    assert rule.law_refs
    assert rule.owner
    if rule.stage in {Stage.CALL, Stage.PLATFORM} and not rule.is_judged:
        assert rule.enforced_by


@pytest.mark.parametrize(
    "place",
    sorted({each for held in rule_set.published() for rule in held.rules for each in rule.held_by}),
)
def test_what_enforces_a_rule_exists(place):
    module, _, name = place.partition(":")
    found = importlib.import_module(module)
    assert callable(getattr(found, name))


def test_code_that_moved_is_named_by_some_rule():
    named = {
        each for held in rule_set.published() for rule in held.rules for each in rule.enforced_by
    }
    assert set(rule_set.moved_code()) <= named


def test_what_is_recalled_and_not_read_is_marked_so():
    confirmed = {rule.id for rule in newest().rules if rule.confirmed}
    # Policy parameters, recalled wordings, and everything whose standard was not read.
    assert not confirmed & {"D2", "S5", "G1", "Q2", "I8", "T3", "T4", "K1", "CORE-1"}


def test_a_rule_of_a_misspelt_member_is_refused():
    document = json.loads(json.dumps(newest().document))
    document["rules"][0]["severty"] = "BLOCK"
    with pytest.raises(TypeError):
        RuleSet.read(document)


def test_the_hash_is_that_of_the_document():
    assert newest().hash == digest_hex(dict(newest().document))
