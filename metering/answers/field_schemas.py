"""A listing's fields compiled once: what a request must look like, what an answer must look like.

A field is what the catalogue shows: name, type, whether it is required, coded values, length,
pattern, bounds. What a listing does not name is refused on the way in and never delivered on the
way out.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from app.core.errors import InvalidFields
from app.core.exchange_calendar import SHANGHAI
from metering.answers.outcome_rules import at_pointer

TEXT_MAX = 4096
INTEGER_MAX = 2**53 - 1
CODES_SHOWN_MAX, PATTERN_SHOWN_MAX = 20, 200
"""How much of a rule a complaint repeats."""
EVENT_TIMES_MAX = 16
"""Records of an answer that are looked at for their time: reading all would slow long answers."""
EVENT_YEARS = range(1900, 3000)
"""Any other year is a placeholder, and at the ends of the calendar no database gives it back."""

_INTEGER = re.compile(r"-?\d{1,16}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,30}(\.\d{1,18})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Check = Callable[[Any], str | None]
"""The complaint about a value, or None."""
Read = Callable[[Any], Any]
"""The typed value of what a query string or a JSON body carried; raises ValueError."""


class FieldNotReadable(ValueError):
    """A field definition is not one that can be enforced."""


@dataclass(frozen=True, slots=True)
class Field:
    """One compiled field."""

    name: str
    is_required: bool
    read: Read
    complain: Check


def _read_text(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError
    value.encode()  # a lone surrogate has no bytes to send or to hash
    return value


def _read_integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if type(value) is not int or abs(value) > INTEGER_MAX:
        raise ValueError
    return value


def _read_decimal(value: Any) -> str:
    """Decimals travel as their text: one spelling for the digest, no binary rounding."""
    if type(value) is float and isfinite(value):
        value = format(Decimal(repr(value)), "f")
    text = str(value) if type(value) in (int, str) else ""
    if not _DECIMAL.fullmatch(text):
        raise ValueError
    return text


def _read_boolean(value: Any) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004 -- one error for every wrong form
    return value


def _read_date(value: Any) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError
    date.fromisoformat(value)
    return value


def _read_timestamp(value: Any) -> str:
    if not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is None:
        raise ValueError
    return value


READERS: dict[str, tuple[Read, str]] = {
    "string": (_read_text, "text"),
    "integer": (_read_integer, "a whole number"),
    "decimal": (_read_decimal, "a decimal number"),
    "boolean": (_read_boolean, "true or false"),
    "date": (_read_date, "a date (YYYY-MM-DD)"),
    "timestamp": (_read_timestamp, "an instant with its zone (RFC 3339)"),
}


def _codes(field: Mapping[str, Any]) -> frozenset[str]:
    listed = field.get("coded_values") or ()
    return frozenset(str(c["code"]) if isinstance(c, Mapping) else str(c) for c in listed)


def _some(codes: frozenset[str]) -> str:
    shown = sorted(codes)[:CODES_SHOWN_MAX]
    return ", ".join(shown) + (" and others" if len(codes) > len(shown) else "")


def _rules(field: Mapping[str, Any]) -> Iterable[tuple[Callable[[Any], bool], str]]:
    """The field's own rules beyond its type, with the words for a complaint."""
    length_max = min(int(field.get("max_length") or TEXT_MAX), TEXT_MAX)
    yield lambda value: len(str(value)) <= length_max, f"at most {length_max} characters"
    if codes := _codes(field):
        yield lambda value: str(value) in codes, f"one of the codes {_some(codes)}"
    if field.get("pattern"):
        # Patterns were checked for catastrophic backtracking before the listing was reviewed.
        pattern = re.compile(field["pattern"])
        words = f"of the pattern {pattern.pattern[:PATTERN_SHOWN_MAX]}"
        yield lambda value: pattern.fullmatch(value) is not None, words
    if field.get("minimum") is not None:
        low = Decimal(field["minimum"])
        yield lambda value: Decimal(value) >= low, f"at least {low}"
    if field.get("maximum") is not None:
        high = Decimal(field["maximum"])
        yield lambda value: Decimal(value) <= high, f"at most {high}"


def _with_rules(read: Read, holds: tuple[Callable[[Any], bool], ...]) -> Read:
    def read_ruled(value: Any) -> Any:
        typed = read(value)
        try:
            for rule in holds:
                if not rule(typed):
                    raise ValueError
        except (TypeError, ArithmeticError) as error:
            # A bound on a text, a pattern on a number: such a rule can never hold.
            raise ValueError from error
        return typed

    return read_ruled


def _complaint(read: Read, what: str) -> Check:
    def complain(value: Any) -> str | None:
        try:
            read(value)
        except ValueError:
            return what
        return None

    return complain


def compile_field(field: Mapping[str, Any]) -> Field:
    """One field from its definition; raises `FieldNotReadable`."""
    try:
        name, (read, what) = str(field["name"]), READERS[str(field["type"])]
        rules = list(_rules(field))
    except (KeyError, ValueError, ArithmeticError, re.error) as error:
        raise FieldNotReadable from error
    read = _with_rules(read, tuple(holds for holds, _ in rules))
    what = ", ".join((what, *(words for _, words in rules)))
    is_required = bool(field.get("required", field.get("is_required", False)))
    return Field(name, is_required, read, _complaint(read, what))


class RequestSchema:
    """Types and checks the parameters of a call."""

    def __init__(self, fields: Iterable[Mapping[str, Any]]) -> None:
        self._fields = {field.name: field for field in map(compile_field, fields)}
        self._required = [name for name, field in self._fields.items() if field.is_required]

    def read(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The typed parameters; raises `InvalidFields` with a pointer for each complaint."""
        typed: dict[str, Any] = {}
        errors = []
        for name, value in parameters.items():
            field = self._fields.get(name)
            try:
                if field is None:
                    raise ValueError  # noqa: TRY301 -- one collector for every complaint
                typed[name] = field.read(value)
            except ValueError:
                errors.append(_error(name, field, value))
        errors += [
            {"pointer": f"#/{name}", "detail": "This field is required."}
            for name in self._required
            if name not in parameters
        ]
        if errors:
            raise InvalidFields(errors)
        return typed


def _error(name: str, field: Field | None, value: Any) -> dict[str, str]:
    escaped = name[:64].encode("utf-8", "replace").decode().replace("~", "~0").replace("/", "~1")
    if field is None:
        return {"pointer": f"#/{escaped}", "detail": "The listing has no such input field."}
    return {"pointer": f"#/{escaped}", "detail": f"This must be {field.complain(value)}."}


class AnswerSchema:
    """Checks an answer and keeps only the fields that a licence allows."""

    def __init__(
        self, fields: Iterable[Mapping[str, Any]], rows: tuple[str, ...] | None = None
    ) -> None:
        declared = tuple(fields)
        self._fields = tuple(map(compile_field, declared))
        self._rows = rows or ()
        self._event_time = next((each["name"] for each in declared if each.get("event_time")), None)

    @property
    def names(self) -> frozenset[str]:
        """The declared fields."""
        return frozenset(field.name for field in self._fields)

    def event_at(self, body: Any) -> datetime | None:
        """When what the answer tells of happened, by the newest of its first records.

        None where the listing names no such field, or the answer leaves it out. A day begins in
        China.
        """
        if self._event_time is None:
            return None
        found = [
            instant
            for record in self.records(body)[:EVENT_TIMES_MAX]
            if (instant := _instant(record.get(self._event_time))) is not None
        ]
        return max(found, default=None)

    def records(self, body: Any) -> list[Any]:
        """The records of an answer: its rows where the rule names them, else the body itself."""
        found = at_pointer(body, self._rows)
        return found if isinstance(found, list) else [body]

    def mismatch(self, body: Any, *, is_hit: bool) -> str | None:
        """The first way in which the answer breaks the schema; a miss may leave fields out."""
        for record in self.records(body):
            if not isinstance(record, dict):
                return "a record is not an object"
            for field in self._fields:
                value = record.get(field.name)
                if value is None:
                    if field.is_required and is_hit:
                        return f"{field.name} is missing"
                elif (complaint := field.complain(value)) is not None:
                    return f"{field.name} is not {complaint}"
        return None

    def project(self, body: Any, allowed: frozenset[str] | None) -> Any:
        """The answer with the listed fields that are allowed, and nothing else."""
        names = [f.name for f in self._fields if allowed is None or f.name in allowed]
        if self._rows:
            kept = [_keep(record, names) for record in self.records(body)]
            return _wrap(kept, self._rows, body)
        if isinstance(body, list):
            return [_keep(record, names) for record in body]
        return _keep(body, names)


def _instant(value: Any) -> datetime | None:
    """A timestamp or a date that the field's own check has let pass."""
    if not isinstance(value, str):
        return None
    instant = datetime.fromisoformat(value)
    if instant.year not in EVENT_YEARS:
        return None
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=SHANGHAI)


def _keep(record: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: record[name] for name in names if name in record}


def _wrap(rows: list[Any], path: tuple[str, ...], body: Any) -> Any:
    """The rows at their place, without what stood beside the way there."""
    if not path:
        return rows
    step, *rest = path
    inner = _wrap(rows, tuple(rest), at_pointer(body, (step,)))
    return [inner] if isinstance(body, list) else {step: inner}
