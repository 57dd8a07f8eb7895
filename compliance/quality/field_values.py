"""Whether a cell is what its field says, in three parts: type, format and length."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from app.core.exchange_calendar import SHANGHAI

Row = Mapping[str, Any]

_INTEGER = re.compile(r"[+-]?\d{1,38}", re.ASCII)
_BOOLEANS = frozenset({"true", "false", "0", "1"})
_TEXT_MAX = 4096
_EXPONENT_MAX = 300
"""A number of more places is none: what adds up beyond a decimal's range ends in an error."""


def is_filled(value: object) -> bool:
    """Whether a cell holds anything: neither null nor blank."""
    return value is not None and bool(str(value).strip())


def number(value: object) -> Decimal | None:
    """The finite number in a cell, of at most some three hundred places, or None."""
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) <= _EXPONENT_MAX else None


def instant(value: object) -> datetime | None:
    """The instant in a cell: RFC 3339, else Shanghai's time; or epoch seconds or milliseconds."""
    text = str(value).strip()
    if text.isdecimal() and len(text) in {10, 13}:
        return datetime.fromtimestamp(int(text) / (1000 if len(text) > 10 else 1), UTC)  # noqa: PLR2004 - milliseconds have thirteen digits
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def _is_date(value: object) -> bool:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def _fits_nothing(_value: object) -> bool:
    return False


_TYPES: dict[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: bool(_INTEGER.fullmatch(str(value).strip())),
    "decimal": lambda value: number(value) is not None,
    "boolean": lambda value: str(value).lower() in _BOOLEANS,
    "date": _is_date,
    "timestamp": lambda value: instant(value) is not None,
}


@dataclass(frozen=True)
class Field:
    """One declared field, as a version's content writes it."""

    declared: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The column's name."""
        return str(self.declared["name"])

    @property
    def is_required(self) -> bool:
        """Whether every record is expected to have it; a field is, unless it says not."""
        return bool(self.declared.get("required", True) and not self.declared.get("nullable"))

    @cached_property
    def codes(self) -> frozenset[str]:
        """The code list, empty when the field is not coded."""
        listed = self.declared.get("coded_values") or ()
        return frozenset(
            str(each["code"] if isinstance(each, Mapping) else each) for each in listed
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        # Patterns were checked for catastrophic backtracking when the draft was written.
        pattern = self.declared.get("pattern")
        return re.compile(pattern) if pattern else None

    def fits_type(self, value: object) -> bool:
        """Whether a filled cell is of the declared type; an unknown type fits nothing."""
        return _TYPES.get(str(self.declared.get("type")), _fits_nothing)(value)

    def fits_format(self, value: object) -> bool:
        """Whether pattern and bounds hold."""
        text = str(value)[:_TEXT_MAX]
        return (self._pattern is None or bool(self._pattern.fullmatch(text))) and self._bounded(
            value
        )

    def _bounded(self, value: object) -> bool:
        low, high = self.declared.get("minimum"), self.declared.get("maximum")
        if low is None and high is None:
            return True
        found = number(value)
        if found is None:
            return False
        return (low is None or found >= Decimal(str(low))) and (
            high is None or found <= Decimal(str(high))
        )

    def fits_length(self, value: object) -> bool:
        """Whether the text is no longer than declared."""
        return len(str(value)) <= int(self.declared.get("max_length") or _TEXT_MAX)

    def fits(self, value: object) -> bool:
        """All three parts."""
        return self.fits_type(value) and self.fits_format(value) and self.fits_length(value)
