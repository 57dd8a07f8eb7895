"""What a rule answers: an outcome and the inputs that decided it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Inputs = Mapping[str, Any]


class Outcome(StrEnum):
    """The answer of one rule; ERROR counts as FAIL, because a broken check proves nothing."""

    PASS = "PASS"  # noqa: S105 - an outcome, not a password
    FAIL = "FAIL"
    WARN = "WARN"
    NEEDS_HUMAN = "NEEDS_HUMAN"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    ERROR = "ERROR"


@dataclass(frozen=True)
class Verdict:
    """An outcome with the few plain facts that a person needs to see why."""

    outcome: Outcome
    decided_by: dict[str, Any] = field(default_factory=dict)


Predicate = Callable[[Inputs], Verdict]


def passed(**decided_by: Any) -> Verdict:
    """The rule is met."""
    return Verdict(Outcome.PASS, decided_by)


def failed(**decided_by: Any) -> Verdict:
    """The rule is broken."""
    return Verdict(Outcome.FAIL, decided_by)


def unsure(**decided_by: Any) -> Verdict:
    """The machine cannot tell; a person has to, with a reason."""
    return Verdict(Outcome.NEEDS_HUMAN, decided_by)


def warned(**decided_by: Any) -> Verdict:
    """Nothing forbids it, but a person should know."""
    return Verdict(Outcome.WARN, decided_by)


def irrelevant(**decided_by: Any) -> Verdict:
    """The rule does not concern this dossier; no condition over plain facts could say so."""
    return Verdict(Outcome.NOT_APPLICABLE, decided_by)


def passed_unless(faults: list[Any], **decided_by: Any) -> Verdict:
    """Passed without faults, failed with them; the faults are shown either way."""
    outcome = Outcome.FAIL if faults else Outcome.PASS
    return Verdict(outcome, {**decided_by, "faults": faults})
