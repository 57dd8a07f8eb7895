"""Rules as dated, versioned data: loading, checking and hashing a rule set."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from app.core.canonical import digest_hex

PACKAGE = "compliance.rules"


class Severity(StrEnum):
    """BLOCK stops the case, REVIEW forces a person's decision, INFO is only kept."""

    BLOCK = "BLOCK"
    REVIEW = "REVIEW"
    INFO = "INFO"


class RuleKind(StrEnum):
    """Who answers the rule."""

    MACHINE = "MACHINE"
    JUDGEMENT = "JUDGEMENT"
    EVIDENCE = "EVIDENCE"


@dataclass(frozen=True)
class Rule:
    """One rule: when it applies, what it reads, the function that decides, and its source in law.

    ``inputs`` are dotted paths into the facts; ``parameters`` are the rule's own constants;
    ``confirmed`` is false while its wording or its threshold awaits a lawyer's confirmation.
    """

    id: str
    version: int
    effective_from: date
    effective_to: date | None
    applies_when: tuple[Mapping[str, Any], ...]
    inputs: tuple[str, ...]
    predicate: str
    parameters: Mapping[str, Any]
    severity: Severity
    kind: RuleKind
    message: str
    message_zh: str
    law_refs: tuple[str, ...]
    evidence_kinds: tuple[str, ...]
    owner: str
    confirmed: bool

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Rule":
        """The rule of a JSON object; a missing, unknown or misspelt member raises."""
        until = document["effective_to"]
        return cls(
            **{
                **document,
                "effective_from": date.fromisoformat(document["effective_from"]),
                "effective_to": None if until is None else date.fromisoformat(until),
                "applies_when": tuple(document["applies_when"]),
                "inputs": tuple(document["inputs"]),
                "severity": Severity(document["severity"]),
                "kind": RuleKind(document["kind"]),
                "law_refs": tuple(document["law_refs"]),
                "evidence_kinds": tuple(document["evidence_kinds"]),
            }
        )

    def is_in_force(self, on: date) -> bool:
        """Whether the rule applies on that day; the last day is included."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


@dataclass(frozen=True)
class RuleSet:
    """All rules of one published version, with the document whose hash goes to the log."""

    version: int
    rules: tuple[Rule, ...]
    document: Mapping[str, Any]
    hash: str

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "RuleSet":
        """The rule set of a JSON document; raises `ValueError` for two rules of one id."""
        rules = tuple(Rule.read(each) for each in document["rules"])
        if len({rule.id for rule in rules}) != len(rules):
            msg = "two rules of one set share an id"
            raise ValueError(msg)
        return cls(int(document["version"]), rules, document, digest_hex(dict(document)))

    def rule(self, rule_id: str) -> Rule:
        """The rule of an id; raises `KeyError`."""
        return {rule.id: rule for rule in self.rules}[rule_id]


@cache
def current() -> RuleSet:
    """The newest rule set of the package; older files stay, so that old evaluations replay."""
    names = [each.name for each in resources.files(PACKAGE).iterdir()]
    newest = max((n for n in names if n.startswith("rule_set_")), key=_version_of)
    text = resources.files(PACKAGE).joinpath(newest).read_text(encoding="utf-8")
    return RuleSet.read(json.loads(text))


def _version_of(name: str) -> int:
    return int(name.removeprefix("rule_set_").removesuffix(".json"))
