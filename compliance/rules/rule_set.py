"""Rules as dated, versioned data: loading, checking and hashing a rule set.

A published file is never edited. Its ``facts_version`` says by which reading of the dossier its
rules were written, so that a later reading never changes what an old evaluation replays to.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from app.core.canonical import digest_hex
from compliance.dated_tables import read_table

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


class Stage(StrEnum):
    """When a rule is evaluated; CALL and PLATFORM rules are enforced where they name it."""

    REVIEW = "review"
    LISTING = "listing"
    SCENARIO = "scenario"
    LICENCE = "licence"
    CALL = "call"
    PLATFORM = "platform"


RUN_AT = {Stage.LISTING: frozenset({Stage.REVIEW, Stage.LISTING})}
"""Listing runs the review's rules again on its own day; any other stage runs its own rules."""


@dataclass(frozen=True)
class Rule:
    """One rule: when it applies, what it reads, the function that decides, and its source in law.

    ``inputs`` are dotted paths into the facts; ``parameters`` are the rule's own constants;
    ``confirmed`` is false while its wording or its threshold awaits a lawyer's confirmation.
    Where ``kinds`` holds JUDGEMENT a person answers too, with what the machine found. ``covers``
    names the rules of law that the item answers; ``enforced_by`` the code (module:name) that
    holds the rule where no evaluation is made, as it was called when the set was published.
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
    kinds: tuple[RuleKind, ...]
    message: str
    message_zh: str
    law_refs: tuple[str, ...]
    evidence_kinds: tuple[str, ...]
    owner: str
    confirmed: bool
    stage: Stage = Stage.REVIEW
    covers: tuple[str, ...] = ()
    enforced_by: tuple[str, ...] = ()

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Rule":
        """The rule of a JSON object; a missing, unknown or misspelt member raises."""
        members = dict(document)
        until = members["effective_to"]
        # The first rule set knew one kind a rule, and one stage.
        kinds = members.pop("kinds") if "kinds" in members else [members.pop("kind")]
        return cls(
            **{
                **members,
                "effective_from": date.fromisoformat(document["effective_from"]),
                "effective_to": None if until is None else date.fromisoformat(until),
                "applies_when": tuple(document["applies_when"]),
                "inputs": tuple(document["inputs"]),
                "severity": Severity(document["severity"]),
                "kinds": tuple(map(RuleKind, kinds)),
                "stage": Stage(document.get("stage", Stage.REVIEW)),
                "covers": tuple(document.get("covers", ())),
                "enforced_by": tuple(document.get("enforced_by", ())),
                "law_refs": tuple(document["law_refs"]),
                "evidence_kinds": tuple(document["evidence_kinds"]),
            }
        )

    @property
    def is_judged(self) -> bool:
        """Whether a person answers it even where the machine found nothing wrong."""
        return RuleKind.JUDGEMENT in self.kinds

    @property
    def held_by(self) -> tuple[str, ...]:
        """The code that ``enforced_by`` names, by its present name."""
        return tuple(moved_code().get(each, each) for each in self.enforced_by)

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

    @property
    def facts_version(self) -> int:
        """By which reading of the dossier the rules were written."""
        return int(self.document.get("facts_version", 1))

    def at(self, stage: Stage, on: date) -> tuple[Rule, ...]:
        """The rules that are evaluated at a stage on a day, in the set's order."""
        run = RUN_AT.get(stage, frozenset({stage}))
        return tuple(rule for rule in self.rules if rule.stage in run and rule.is_in_force(on))

    def rule(self, rule_id: str) -> Rule:
        """The rule of an id; raises `KeyError`."""
        return {rule.id: rule for rule in self.rules}[rule_id]


def moved_code() -> Mapping[str, str]:
    """Where code that published rules name has moved since: a file that decided is not edited."""
    return read_table(PACKAGE, "moved_code.json")


@cache
def published() -> tuple[RuleSet, ...]:
    """Every rule set of the package, oldest first; old files stay, so that evaluations replay."""
    files = (each for each in resources.files(PACKAGE).iterdir() if _is_rule_set(each.name))
    texts = (each.read_text(encoding="utf-8") for each in files)
    return tuple(sorted(map(RuleSet.read, map(json.loads, texts)), key=lambda each: each.version))


def current() -> RuleSet:
    """The newest rule set of the package."""
    return published()[-1]


def _is_rule_set(name: str) -> bool:
    return name.startswith("rule_set_") and name.endswith(".json")
