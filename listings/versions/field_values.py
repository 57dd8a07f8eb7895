"""Whether a value fits the declaration of its field."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

INTEGER_MAX = 2**53 - 1
"""Larger whole numbers do not survive JSON readers that use doubles (RFC 8259 section 6)."""
TEXT_MAX = 1_000
MASK = "*"

_DECIMAL = re.compile(r"-?\d{1,30}(?:\.\d{1,18})?", re.ASCII)


def value_fault(field: Mapping[str, Any], value: object) -> str | None:
    """What is wrong with a (masked) value, or None; the value is never repeated in the answer.

    Text with a mask character is measured but not matched against pattern and codes: that is what
    masking is for. Decimals are strings, as everywhere in the exchange.
    """
    if not _has_type(field["type"], value):
        return f"Not a value of type {field['type']}."
    if isinstance(value, str) and field["type"] == "string":
        return _text_fault(field, value)
    if field["type"] in {"integer", "decimal"}:
        return _number_fault(field, Decimal(str(value))) or _code_fault(field, str(value))
    return None


def _has_type(kind: str, value: object) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return type(value) is int and abs(value) <= INTEGER_MAX
    if not isinstance(value, str) or len(value) > TEXT_MAX:
        return False
    if kind == "decimal":
        return is_decimal(value)
    return kind == "string" or _is_instant(kind, value)


def is_decimal(text: str) -> bool:
    """Whether the text is a plain decimal number: no exponent, no NaN, bounded digits."""
    return _DECIMAL.fullmatch(text) is not None


def _is_instant(kind: str, value: str) -> bool:
    try:
        if kind == "date":
            # fromisoformat also reads weeks and days without hyphens, which no caller expects.
            return date.fromisoformat(value).isoformat() == value
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _text_fault(field: Mapping[str, Any], value: str) -> str | None:
    length_max = field.get("max_length")
    if length_max is not None and len(value) > length_max:
        return f"Longer than {length_max} characters."
    if MASK in value:
        return None
    pattern = field.get("pattern")
    if pattern is not None and re.fullmatch(pattern, value) is None:
        return "Does not match the pattern."
    return _code_fault(field, value)


def _code_fault(field: Mapping[str, Any], value: str) -> str | None:
    coded = field.get("coded_values")
    if coded and value not in {entry["code"] for entry in coded}:
        return "Not one of the coded values."
    return None


def _number_fault(field: Mapping[str, Any], value: Decimal) -> str | None:
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and value < Decimal(low):
        return f"Below {low}."
    if high is not None and value > Decimal(high):
        return f"Above {high}."
    return None
