"""What the upstream's answer counts as, decided by the listing's own rule, which is data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ROWS_MAX_DEFAULT = 1000
"""Rows that a call may return when the listing's rule names no bound."""
_MISSING = object()


class OutcomeKind(StrEnum):
    """What the upstream answered."""

    HIT = "hit"
    MISS = "miss"
    ROWS = "rows"
    CLIENT_ERROR = "client_error"
    UPSTREAM_ERROR = "upstream_error"
    TIMEOUT = "timeout"
    SCHEMA_MISMATCH = "schema_mismatch"


ANSWERS = frozenset({OutcomeKind.HIT, OutcomeKind.MISS, OutcomeKind.ROWS})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The kind, and the rows that came with it."""

    kind: OutcomeKind
    rows: int = 0

    @property
    def is_answer(self) -> bool:
        """Whether there is something to deliver; everything else is free."""
        return self.kind in ANSWERS


MISS = Outcome(OutcomeKind.MISS)
CLIENT_ERROR = Outcome(OutcomeKind.CLIENT_ERROR)
UPSTREAM_ERROR = Outcome(OutcomeKind.UPSTREAM_ERROR)
SCHEMA_MISMATCH = Outcome(OutcomeKind.SCHEMA_MISMATCH)


class RuleNotReadable(ValueError):
    """An outcome rule holds something that is not in its vocabulary."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A JSON Pointer (RFC 6901) and the values that satisfy it."""

    path: tuple[str, ...]
    values: tuple[Any, ...]

    def holds(self, body: Any) -> bool:
        """Whether the value at the pointer is one of the values, with its type."""
        found = at_pointer(body, self.path)
        return any(type(found) is type(value) and found == value for value in self.values)


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """A listing's rule: conditions for a hit and a miss, or where the rows are."""

    hit: Condition | None = None
    miss: Condition | None = None
    rows: tuple[str, ...] | None = None
    rows_max: int = ROWS_MAX_DEFAULT


def parse_pointer(text: str) -> tuple[str, ...]:
    """The steps of a JSON Pointer; ``""`` is the whole document."""
    if text and not text.startswith("/"):
        raise RuleNotReadable
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def at_pointer(body: Any, path: tuple[str, ...]) -> Any:
    """The value at the pointer, or a value equal to nothing."""
    for step in path:
        if isinstance(body, dict):
            body = body.get(step, _MISSING)
        elif isinstance(body, list) and step.isdecimal() and int(step) < len(body):
            body = body[int(step)]
        else:
            return _MISSING
    return body


def _condition(rule: Any) -> Condition | None:
    if rule is None:
        return None
    if not isinstance(rule, Mapping) or "field" not in rule:
        raise RuleNotReadable
    values = rule["in"] if "in" in rule else [rule.get("equals")]
    return Condition(parse_pointer(str(rule["field"])), tuple(values))


def read_rule(rule: Mapping[str, Any] | None) -> OutcomeRule:
    """The rule from its JSON form; raises `RuleNotReadable`."""
    rule = rule or {}
    rows = rule.get("rows")
    rows_max = rule.get("rows_max", ROWS_MAX_DEFAULT)
    if type(rows_max) is not int or rows_max < 1:
        raise RuleNotReadable
    return OutcomeRule(
        hit=_condition(rule.get("hit")),
        miss=_condition(rule.get("miss")),
        rows=None if rows is None else parse_pointer(str(rows)),
        rows_max=rows_max,
    )


_CLIENT_ERRORS = frozenset({400, 422})
"""The upstream blames the input; 401, 403 and 429 blame the supplier's credential instead."""


def classify_status(status: int) -> Outcome | None:
    """The outcome that the status alone decides; None when the body must be read."""
    if status == 404:  # noqa: PLR2004 -- the one status that every listing uses for "not found"
        return MISS
    if status in _CLIENT_ERRORS:
        return CLIENT_ERROR
    return None if 200 <= status < 300 else UPSTREAM_ERROR  # noqa: PLR2004 -- RFC 9110 section 15.3


def classify_body(rule: OutcomeRule, body: Any) -> Outcome:
    """Hit, miss or rows of a successful answer, or a mismatch with the rule itself."""
    if rule.rows is not None:
        return _count_rows(rule, at_pointer(body, rule.rows))
    if rule.miss is not None and rule.miss.holds(body):
        return MISS
    is_hit = rule.hit.holds(body) if rule.hit is not None else body not in (None, "", [], {})
    return Outcome(OutcomeKind.HIT, len(body) if isinstance(body, list) else 1) if is_hit else MISS


def _count_rows(rule: OutcomeRule, rows: Any) -> Outcome:
    if not isinstance(rows, list) or len(rows) > rule.rows_max:
        return SCHEMA_MISMATCH
    return Outcome(OutcomeKind.ROWS, len(rows)) if rows else MISS
