"""Every predicate of the rule set in force answers each of its outcomes, by the vectors' word."""

import ast
import inspect
import json
from functools import cache
from pathlib import Path

import pytest

from compliance.rules import rule_set
from compliance.rules.predicates import REGISTRY
from compliance.rules.verdicts import Outcome

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "predicates.json").read_text(encoding="utf-8")
)
ANSWERS = {
    "passed": {Outcome.PASS},
    "failed": {Outcome.FAIL},
    "unsure": {Outcome.NEEDS_HUMAN},
    "warned": {Outcome.WARN},
    "alarmed": {Outcome.WARN},
    "irrelevant": {Outcome.NOT_APPLICABLE},
    "passed_unless": {Outcome.PASS, Outcome.FAIL},
}
"""What calls a verdict -> the outcomes that it can have; the predicates use nothing else."""
RULES = {rule.id: rule for rule in rule_set.current().rules}
NAMED = sorted({rule.predicate for rule in RULES.values()})


@cache
def functions_of(module):
    tree = ast.parse(inspect.getsource(module))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def possible_outcomes(name):
    """Read off the source: the verdicts that the function, or one of its module's, calls."""
    predicate = REGISTRY[name]
    functions = functions_of(inspect.getmodule(predicate))
    found, seen, waiting = set(), set(), [predicate.__name__]
    while waiting:
        current = waiting.pop()
        if current in seen or current not in functions:
            continue
        seen.add(current)
        for node in ast.walk(functions[current]):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                found |= ANSWERS.get(node.func.id, set())
                waiting.append(node.func.id)
    return found


@pytest.mark.parametrize(
    "vector", VECTORS, ids=lambda each: f"{each['rule']}-{each['outcome']}-{each['says'][:40]}"
)
def test_a_predicate_answers_as_its_vector_says(vector):
    rule = RULES[vector["rule"]]
    inputs = {path: vector["inputs"].get(path) for path in rule.inputs}
    assert set(vector["inputs"]) <= set(rule.inputs)
    verdict = REGISTRY[rule.predicate]({**inputs, "parameters": rule.parameters})
    assert verdict.outcome == vector["outcome"]


@pytest.mark.parametrize("name", NAMED)
def test_each_outcome_that_a_predicate_can_have_has_its_vector(name):
    possible = possible_outcomes(name)
    shown = {each["outcome"] for each in VECTORS if RULES[each["rule"]].predicate == name}
    assert possible
    assert shown == possible
