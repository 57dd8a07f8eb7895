"""A listing's outcome rule read from its JSON form: conditions, a measure, bounds; never code.

Every rule is a tree of pointers and comparisons of bounded size, so that judging an answer takes
time in proportion to the rule and to the rows, whatever a supplier wrote.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

UNITS_MAX_DEFAULT = 1000
"""Rows that a call may return when the listing's rule names no bound."""
DEPTH_MAX = 4
CONDITIONS_MAX = 32
POINTER_STEPS_MAX = 16
INTEGER_MAX = 2**53 - 1
_MISSING = object()


class RuleNotReadable(ValueError):
    """An outcome rule holds something that is not in its vocabulary."""


class Otherwise(StrEnum):
    """What an answer is that no condition of the rule speaks of."""

    HIT = "hit"
    MISS = "miss"
    FAILURE = "failure"
    """Free, not delivered, and shown to the supplier."""


class Gauge(StrEnum):
    """How a measure turns an answer into a number."""

    COUNT = "count"
    """The length of the array at the pointer."""
    INTEGER = "integer"
    """The whole number at the pointer."""
    TEXT_LENGTH = "text_length"
    """The characters of the text at the pointer."""
    SUM = "sum"
    """The whole number at the pointer of each row, added up."""
    BYTES = "bytes"
    """The length of the answer as the buyer gets it, in UTF-8."""


def parse_pointer(text: Any) -> tuple[str, ...]:
    """The steps of a JSON Pointer (RFC 6901); ``""`` is the whole document."""
    if not isinstance(text, str) or (text and not text.startswith("/")):
        raise RuleNotReadable
    steps = tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])
    if len(steps) > POINTER_STEPS_MAX:
        raise RuleNotReadable
    return steps


def at_pointer(body: Any, path: Iterable[str]) -> Any:
    """The value at the pointer, or a value equal to nothing."""
    for step in path:
        if isinstance(body, dict):
            body = body.get(step, _MISSING)
        elif isinstance(body, list) and _is_index(step) and int(step) < len(body):
            body = body[int(step)]
        else:
            return _MISSING
    return body


def _is_index(step: str) -> bool:
    """No sign, no leading zero, few enough digits to be a place in an array (RFC 6901)."""
    return step.isascii() and step.isdecimal() and len(step) < 8 and (step == "0" or step[0] != "0")  # noqa: PLR2004 -- more places than any bounded answer has


@dataclass(frozen=True, slots=True)
class Condition:
    """The value at a pointer against listed values, bounds, or its mere presence."""

    path: tuple[str, ...]
    values: tuple[Any, ...] | None = None
    at_least: int | None = None
    at_most: int | None = None
    is_present: bool | None = None

    def holds(self, body: Any) -> bool:
        """Whether the value satisfies the condition, with its type: 1 is neither true nor "1"."""
        found = at_pointer(body, self.path)
        if self.is_present is not None:
            return (found is not _MISSING and found is not None) == self.is_present
        if self.values is not None:
            return any(type(found) is type(value) and found == value for value in self.values)
        if type(found) is not int:
            return False
        return (self.at_least is None or found >= self.at_least) and (
            self.at_most is None or found <= self.at_most
        )


@dataclass(frozen=True, slots=True)
class Every:
    """Holds when every part does."""

    parts: tuple["Test", ...]

    def holds(self, body: Any) -> bool:
        """Whether it holds of the answer."""
        return all(part.holds(body) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Some:
    """Holds when at least one part does."""

    parts: tuple["Test", ...]

    def holds(self, body: Any) -> bool:
        """Whether it holds of the answer."""
        return any(part.holds(body) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Unless:
    """Holds when its part does not."""

    part: "Test"

    def holds(self, body: Any) -> bool:
        """Whether it holds of the answer."""
        return not self.part.holds(body)


Test = Condition | Every | Some | Unless


@dataclass(frozen=True, slots=True)
class Measure:
    """Units of an answer: what the gauge reads, divided by ``per`` and rounded up."""

    gauge: Gauge
    path: tuple[str, ...] = ()
    per: int = 1

    def units_of(self, reading: int) -> int:
        """Whole units; a begun one counts."""
        return -(-reading // self.per)


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """A listing's rule; `metering.answers.outcomes` says in which order its parts are asked."""

    failure: Test | None = None
    client_error: Test | None = None
    miss: Test | None = None
    hit: Test | None = None
    otherwise: Otherwise | None = None
    """None: an answer that is not empty is a hit, an empty one a miss."""
    rows: tuple[str, ...] | None = None
    measure: Measure | None = None
    units_max: int = UNITS_MAX_DEFAULT
    """The most units that one answer may count; more breaks the listing's schema."""


def read_rule(rule: Mapping[str, Any] | None) -> OutcomeRule:
    """The rule from its JSON form; raises `RuleNotReadable`."""
    rule = rule or {}
    reader = _Reader()
    rows = rule.get("rows")
    measure = _measure(rule.get("units"), has_rows=rows is not None)
    hit, miss = reader.test(rule.get("hit")), reader.test(rule.get("miss"))
    return OutcomeRule(
        failure=reader.test(rule.get("failure")),
        client_error=reader.test(rule.get("client_error")),
        miss=miss,
        hit=hit,
        otherwise=_otherwise(rule.get("otherwise"), hit=hit, miss=miss),
        rows=None if rows is None else parse_pointer(rows),
        measure=measure,
        units_max=_bound(rule, measure),
    )


def _otherwise(given: Any, *, hit: Test | None, miss: Test | None) -> Otherwise | None:
    """As the rule says; else the one that is not described, or a failure if both are."""
    if given is not None:
        try:
            return Otherwise(given)
        except ValueError as error:
            raise RuleNotReadable from error
    if hit is not None:
        return Otherwise.FAILURE if miss is not None else Otherwise.MISS
    return None


def _bound(rule: Mapping[str, Any], measure: Measure | None) -> int:
    """The bound of one answer's units; a measure must name its own."""
    bound = rule.get("rows_max", UNITS_MAX_DEFAULT) if measure is None else rule.get("units_max")
    return _whole(bound, least=1)


def _measure(given: Any, *, has_rows: bool) -> Measure | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise RuleNotReadable
    try:
        gauge = Gauge(str(given.get("measure")))
    except ValueError as error:
        raise RuleNotReadable from error
    if (gauge is Gauge.SUM and not has_rows) or (gauge is Gauge.BYTES) == ("at" in given):
        raise RuleNotReadable
    path = parse_pointer(given["at"]) if "at" in given else ()
    return Measure(gauge, path, _whole(given.get("per", 1), least=1))


def _whole(value: Any, *, least: int = -INTEGER_MAX) -> int:
    if type(value) is not int or not least <= value <= INTEGER_MAX:
        raise RuleNotReadable
    return value


_COMPARISONS = ("equals", "in", "at_least", "at_most", "is_present")


class _Reader:
    """Reads conditions and counts them, so that no rule grows beyond its bound."""

    def __init__(self) -> None:
        self._conditions_left = CONDITIONS_MAX

    def test(self, rule: Any, depth: int = 0) -> Test | None:
        """A condition or a combination of some; None stays None."""
        if rule is None:
            return None
        if not isinstance(rule, Mapping) or depth > DEPTH_MAX:
            raise RuleNotReadable
        self._conditions_left -= 1
        if self._conditions_left < 0:
            raise RuleNotReadable
        if "field" in rule:
            return _condition(rule)
        return self._combination(rule, depth + 1)

    def _combination(self, rule: Mapping[str, Any], depth: int) -> Test:
        if len(rule) != 1:
            raise RuleNotReadable
        word, given = next(iter(rule.items()))
        if word == "not":
            return Unless(self._part(given, depth))
        if word not in {"all", "any"} or not isinstance(given, list) or not given:
            raise RuleNotReadable
        parts = tuple(self._part(part, depth) for part in given)
        return Every(parts) if word == "all" else Some(parts)

    def _part(self, rule: Any, depth: int) -> Test:
        part = self.test(rule, depth)
        if part is None:
            raise RuleNotReadable
        return part


def _condition(rule: Mapping[str, Any]) -> Condition:
    path = parse_pointer(rule["field"])
    given = {word: rule[word] for word in _COMPARISONS if word in rule}
    if len(rule) != len(given) + 1 or not given:
        raise RuleNotReadable
    if set(given) <= {"at_least", "at_most"}:
        low, high = (_bounds(given, word) for word in ("at_least", "at_most"))
        return Condition(path, at_least=low, at_most=high)
    if len(given) != 1:
        raise RuleNotReadable
    if "is_present" in given:
        if not isinstance(given["is_present"], bool):
            raise RuleNotReadable
        return Condition(path, is_present=given["is_present"])
    values = given["in"] if "in" in given else [given["equals"]]
    if not isinstance(values, list) or not all(map(_is_scalar, values)):
        raise RuleNotReadable
    return Condition(path, values=tuple(values))


def _bounds(given: Mapping[str, Any], word: str) -> int | None:
    return _whole(given[word]) if word in given else None


def _is_scalar(value: Any) -> bool:
    return value is None or type(value) in {str, int, bool}
