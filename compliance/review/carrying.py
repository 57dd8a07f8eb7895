"""Which answers of an approved version still hold for the next one: purely, item by item.

An item is carried only while the rule is the same, everything it reads is the same, and the
machine finds today what it found then. What names no inputs was judged on the whole dossier.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from compliance.review.changes import VERSION_S_OWN
from compliance.rules.evaluation import RuleOutcome, find
from compliance.rules.rule_set import Rule, RuleSet

DAY = "at"
"""Every day is another; what the day changes shows in what the machine finds."""

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Judged:
    """What a set of rules said of a dossier under its circumstances."""

    rules: RuleSet
    facts: Facts
    dossier: Facts
    outcomes: tuple[RuleOutcome, ...]


def carried_items(before: Judged, now: Judged, answered: Iterable[str]) -> frozenset[str]:
    """The rules left to a person now whose answer from before holds, of those ``answered``."""
    then = {each.rule_id: each for each in before.outcomes}
    held = set(answered)
    return frozenset(
        each.rule_id
        for each in now.outcomes
        if each.needs_person and each.rule_id in held and _holds(before, now, then, each)
    )


def _holds(
    before: Judged, now: Judged, then: Mapping[str, RuleOutcome], outcome: RuleOutcome
) -> bool:
    old, rule = _rule(before.rules, outcome.rule_id), now.rules.rule(outcome.rule_id)
    former = then.get(outcome.rule_id)
    if former is None or old != rule or former.document() != outcome.document():
        return False
    return bool(_read(rule, before) == _read(rule, now))


def _rule(rules: RuleSet, rule_id: str) -> Rule | None:
    return next((each for each in rules.rules if each.id == rule_id), None)


def _read(rule: Rule, judged: Judged) -> Any:
    """Everything that was before whoever answered."""
    if not rule.inputs:
        return {k: v for k, v in judged.dossier.items() if k not in VERSION_S_OWN}
    paths = [condition.get("path") for condition in rule.applies_when]
    read = {*rule.inputs, *(path for path in paths if path)} - {DAY}
    return {path: find(judged.facts, path) for path in read}
