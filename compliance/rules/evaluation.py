"""Evaluates a rule set over facts: pure, so that the same inputs give the same result for ever."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.core.canonical import digest_hex
from compliance.days import day_at
from compliance.rules.facts import gather
from compliance.rules.predicates import REGISTRY
from compliance.rules.rule_set import Rule, RuleSet, Severity, Stage
from compliance.rules.verdicts import Outcome, Verdict

# What hostile or incomplete data can raise inside a predicate; a programming error still surfaces.
DATA_ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)

FAILING = frozenset({Outcome.FAIL, Outcome.ERROR})


@dataclass(frozen=True)
class RuleOutcome:
    """One rule's answer, with the inputs that decided it."""

    rule_id: str
    rule_version: int
    severity: Severity
    outcome: Outcome
    decided_by: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """The JSON form that is stored and compared on replay."""
        return {
            "rule_id": self.rule_id,
            "rule_version": self.rule_version,
            "severity": self.severity.value,
            "outcome": self.outcome.value,
            "decided_by": dict(self.decided_by),
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "RuleOutcome":
        """The outcome that `document` wrote."""
        return cls(
            document["rule_id"],
            document["rule_version"],
            Severity(document["severity"]),
            Outcome(document["outcome"]),
            document["decided_by"],
        )

    @property
    def blocks(self) -> bool:
        """Whether it stops the case by itself."""
        return self.severity is Severity.BLOCK and self.outcome in FAILING

    @property
    def needs_person(self) -> bool:
        """Whether a reviewer has to answer it: asked for, or a review item that did not pass."""
        if self.outcome is Outcome.NEEDS_HUMAN:
            return True
        doubtful = self.outcome in FAILING or self.outcome is Outcome.WARN
        return self.severity is not Severity.INFO and doubtful and not self.blocks


@dataclass(frozen=True)
class Evaluation:
    """Every rule's answer under one rule set and one digest of the facts."""

    rule_set_hash: str
    input_hash: str
    outcomes: tuple[RuleOutcome, ...]

    @property
    def blocking(self) -> list[RuleOutcome]:
        """The outcomes that stop the case."""
        return [each for each in self.outcomes if each.blocks]

    @property
    def left_to_judge(self) -> list[RuleOutcome]:
        """The outcomes that a reviewer has to answer."""
        return [each for each in self.outcomes if each.needs_person]


def evaluate_dossier(
    rule_set: RuleSet,
    dossier: Mapping[str, Any],
    circumstances: Mapping[str, Any],
    stage: Stage = Stage.REVIEW,
) -> Evaluation:
    """What a stored evaluation is made of and replayed from: the set, the dossier, the day."""
    return evaluate(rule_set, gather(dossier, circumstances, rule_set.facts_version), stage)


def evaluate(
    rule_set: RuleSet, facts: Mapping[str, Any], stage: Stage = Stage.REVIEW
) -> Evaluation:
    """The answers of the stage's rules in force on the day of ``facts["at"]``, in their order."""
    on = date.fromisoformat(day_at(facts["at"]))
    outcomes = tuple(_outcome(rule, facts) for rule in rule_set.at(stage, on))
    return Evaluation(rule_set.hash, digest_hex(dict(facts)), outcomes)


def _outcome(rule: Rule, facts: Mapping[str, Any]) -> RuleOutcome:
    verdict = _verdict(rule, facts)
    return RuleOutcome(rule.id, rule.version, rule.severity, verdict.outcome, verdict.decided_by)


def _verdict(rule: Rule, facts: Mapping[str, Any]) -> Verdict:
    try:
        if not all(_holds(condition, facts) for condition in rule.applies_when):
            return Verdict(Outcome.NOT_APPLICABLE)
        inputs = {path: find(facts, path) for path in rule.inputs}
        verdict = REGISTRY[rule.predicate]({**inputs, "parameters": rule.parameters})
        digest_hex(verdict.decided_by)  # an answer that cannot be hashed cannot be stored
    except DATA_ERRORS as error:
        return Verdict(Outcome.ERROR, {"error": type(error).__name__})
    if rule.is_judged and verdict.outcome is Outcome.PASS:
        # Nothing wrong was found by the machine; whether it is right a person says.
        return Verdict(Outcome.NEEDS_HUMAN, verdict.decided_by)
    return verdict


def _holds(condition: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    if "any_of" in condition:
        return any(_holds(each, facts) for each in condition["any_of"])
    value = find(facts, condition["path"])
    if "in" in condition:
        return value in condition["in"]
    if "not_in" in condition:
        return value not in condition["not_in"]
    if "any_in" in condition:
        return any(each in condition["any_in"] for each in value or ())
    return value is not None


def find(facts: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, or None where the path ends early."""
    value: Any = facts
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def worst_severity(outcomes: Iterable[RuleOutcome]) -> Severity:
    """The gravest rule that did not pass; what waits for a person is no finding yet."""
    doubtful = {each.severity for each in outcomes if each.outcome in FAILING | {Outcome.WARN}}
    return next((each for each in Severity if each in doubtful), Severity.INFO)
