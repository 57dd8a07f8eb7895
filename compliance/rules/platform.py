"""Duties of the platform that no code enforces: which there are, and when one is met; pure."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any

from compliance.rules.evaluation import Evaluation, evaluate
from compliance.rules.rule_set import Rule, RuleSet, Stage, published
from compliance.rules.verdicts import Outcome

ACCEPTABLE = frozenset({Outcome.PASS, Outcome.NEEDS_HUMAN})


class DutyState(StrEnum):
    """How a duty stands; only HELD meets it."""

    MISSING = "MISSING"
    FAILED = "FAILED"
    STATED = "STATED"
    HELD = "HELD"
    LAPSED = "LAPSED"


def duties(rule_set: RuleSet, on: date) -> tuple[Rule, ...]:
    """The rules of the platform in force that name no code: a person answers for each."""
    return tuple(rule for rule in rule_set.at(Stage.PLATFORM, on) if not rule.enforced_by)


@cache
def duty_ids() -> frozenset[str]:
    """The ids of every duty that a published rule set has or had."""
    rules = (rule for rule_set in published() for rule in rule_set.rules)
    return frozenset(
        rule.id for rule in rules if rule.stage == Stage.PLATFORM and not rule.enforced_by
    )


def weigh(rule_set: RuleSet, facts: Mapping[str, Any], *, at: str) -> Evaluation:
    """What the platform's rules make of what was stated at an instant."""
    return evaluate(rule_set, {"at": at, "platform": dict(facts)}, Stage.PLATFORM)


def state_of(outcome: str, *, is_confirmed: bool, is_over: bool) -> DutyState:
    """How a duty stands by its latest statement."""
    if Outcome(outcome) not in ACCEPTABLE:
        return DutyState.FAILED
    if is_over:
        return DutyState.LAPSED
    return DutyState.HELD if is_confirmed else DutyState.STATED
