"""What the upstream's answer counts as, decided by the listing's own rule, which is data.

Asked in this order, the first that holds decides: failure, client error, miss, hit; then what the
rule says of everything else. A hit is then counted: rows, or units by the rule's measure.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from metering.answers.outcome_rules import (
    INTEGER_MAX,
    Gauge,
    Measure,
    Otherwise,
    OutcomeRule,
    at_pointer,
)


class OutcomeKind(StrEnum):
    """What the upstream answered."""

    HIT = "hit"
    MISS = "miss"
    ROWS = "rows"
    UNITS = "units"
    CLIENT_ERROR = "client_error"
    UPSTREAM_ERROR = "upstream_error"
    TIMEOUT = "timeout"
    SCHEMA_MISMATCH = "schema_mismatch"


ANSWERS = frozenset({OutcomeKind.HIT, OutcomeKind.MISS, OutcomeKind.ROWS, OutcomeKind.UNITS})


class Outcome(NamedTuple):
    """The kind, and the units that were counted in the answer: rows, images, seconds, bytes."""

    kind: OutcomeKind
    units: int = 0
    reason: str = ""
    """Why it is a mismatch, in words without anything of the answer."""

    @property
    def is_answer(self) -> bool:
        """Whether there is something to deliver; everything else is free."""
        return self.kind in ANSWERS


MISS = Outcome(OutcomeKind.MISS)
CLIENT_ERROR = Outcome(OutcomeKind.CLIENT_ERROR)
UPSTREAM_ERROR = Outcome(OutcomeKind.UPSTREAM_ERROR)
NOT_ROWS = Outcome(OutcomeKind.SCHEMA_MISMATCH, reason="the rows are missing")
NOT_MEASURED = Outcome(OutcomeKind.SCHEMA_MISMATCH, reason="the units cannot be measured")
TOO_MANY = Outcome(OutcomeKind.SCHEMA_MISMATCH, reason="more units than the listing's maximum")
UNDESCRIBED = Outcome(OutcomeKind.SCHEMA_MISMATCH, reason="neither a hit nor a miss by the rule")

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
    """What a successful answer is under the rule, or a mismatch with the rule itself.

    Units measured in bytes are only known of the answer that is delivered: `weigh` counts them.
    """
    return _decide(rule, body) or _count(rule, body)


def _decide(rule: OutcomeRule, body: Any) -> Outcome | None:
    """The outcome of an answer in which nothing is counted; None for a hit."""
    if rule.failure is not None and rule.failure.holds(body):
        return UPSTREAM_ERROR
    if rule.client_error is not None and rule.client_error.holds(body):
        return CLIENT_ERROR
    if rule.miss is not None and rule.miss.holds(body):
        return MISS
    if rule.hit is not None and rule.hit.holds(body):
        return None
    return _otherwise(rule, body)


def _otherwise(rule: OutcomeRule, body: Any) -> Outcome | None:
    """The stated rule for an answer that no condition speaks of; None for a hit."""
    if rule.otherwise is Otherwise.FAILURE:
        return UNDESCRIBED
    if rule.otherwise is Otherwise.MISS:
        return MISS
    if rule.otherwise is None and rule.rows is None and body in (None, "", [], {}):
        return MISS
    return None


def _count(rule: OutcomeRule, body: Any) -> Outcome:
    rows = body if rule.rows is None else at_pointer(body, rule.rows)
    if rule.rows is not None:
        if not isinstance(rows, list):
            return NOT_ROWS
        if not rows:
            return MISS
    if rule.measure is not None:
        return _measured(rule, rule.measure, body, rows)
    kind = OutcomeKind.HIT if rule.rows is None else OutcomeKind.ROWS
    count = len(rows) if isinstance(rows, list) else 1
    return Outcome(kind, count) if count <= rule.units_max else TOO_MANY


def _measured(rule: OutcomeRule, measure: Measure, body: Any, rows: Any) -> Outcome:
    if measure.gauge is Gauge.BYTES:
        return Outcome(OutcomeKind.UNITS)
    reading = _GAUGES[measure.gauge](measure, body, rows)
    if reading is None or reading > INTEGER_MAX:
        return NOT_MEASURED
    units = measure.units_of(reading)
    if units > rule.units_max:
        return TOO_MANY
    return Outcome(OutcomeKind.UNITS, units) if units else MISS


def weigh(rule: OutcomeRule, outcome: Outcome, delivered_bytes: int) -> Outcome:
    """The outcome with its units, where they are counted in bytes of what the buyer gets."""
    measure = rule.measure
    if measure is None or measure.gauge is not Gauge.BYTES or outcome.kind is not OutcomeKind.UNITS:
        return outcome
    units = measure.units_of(delivered_bytes)
    return TOO_MANY if units > rule.units_max else outcome._replace(units=units)


_Gauging = Callable[[Measure, Any, Any], int | None]
"""The reading of a gauge, or None when there is nothing that it can read."""


def _count_at(measure: Measure, body: Any, _rows: Any) -> int | None:
    found = at_pointer(body, measure.path)
    return len(found) if isinstance(found, list) else None


def _integer_at(measure: Measure, body: Any, _rows: Any) -> int | None:
    found = at_pointer(body, measure.path)
    return found if type(found) is int and found >= 0 else None


def _length_at(measure: Measure, body: Any, _rows: Any) -> int | None:
    found = at_pointer(body, measure.path)
    return len(found) if isinstance(found, str) else None


def _sum_at(measure: Measure, _body: Any, rows: Any) -> int | None:
    readings = [_integer_at(measure, row, rows) for row in rows]
    known = [reading for reading in readings if reading is not None]
    return sum(known) if len(known) == len(readings) else None


_GAUGES: dict[Gauge, _Gauging] = {
    Gauge.COUNT: _count_at,
    Gauge.INTEGER: _integer_at,
    Gauge.TEXT_LENGTH: _length_at,
    Gauge.SUM: _sum_at,
}
