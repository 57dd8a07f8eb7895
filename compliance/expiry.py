"""When a listing's evidence stops carrying it: the instant at which its rules would fail."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from compliance.rule_set import RuleSet

EVIDENCE_RULE = "P2"


def evidence_lapses_at(dossier: Mapping[str, Any], rule_set: RuleSet) -> datetime | None:
    """The first instant without a valid document for some demanded kind; None if it never comes.

    Days are UTC days and the last one counts, as in the rule itself.
    """
    matrix: Mapping[str, list[list[str]]] = rule_set.rule(EVIDENCE_RULE).parameters["matrix"]
    evidence = list(dossier.get("evidence") or ())
    groups = [group for kind in dossier.get("source_types") or () for group in matrix.get(kind, [])]
    days = [day for group in groups if (day := _last_day(evidence, group)) is not None]
    if not days:
        return None
    after = date.fromisoformat(min(days)) + timedelta(days=1)
    return datetime.combine(after, time(), UTC)


def _last_day(evidence: Iterable[Mapping[str, Any]], kinds: list[str]) -> str | None:
    until = [document.get("valid_to") for document in evidence if document["kind"] in kinds]
    # One document without an end carries its kind for ever.
    if not all(until):
        return None
    return max((day for day in until if day), default=None)
