"""What makes the declaration of an input or output field consistent."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from listings.errors import Fault
from listings.versions.field_values import is_decimal, value_fault
from listings.versions.patterns import PatternRefused, check_pattern

Field = Mapping[str, Any]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}", re.ASCII)
_NUMBERS = frozenset({"integer", "decimal"})
_TIMES = frozenset({"timestamp", "date"})


def fields_faults(fields: Sequence[Field], pointer: str) -> list[Fault]:
    """Everything wrong with a list of field declarations."""
    names = Counter(field["name"] for field in fields)
    faults = [
        Fault(f"{pointer}/{at}/name", "The name is used twice.")
        for at, field in enumerate(fields)
        if names[field["name"]] > 1
    ]
    for at, field in enumerate(fields):
        faults += _field_faults(field, f"{pointer}/{at}")
    return faults + _event_time_faults(fields, pointer)


def _event_time_faults(fields: Sequence[Field], pointer: str) -> list[Fault]:
    marked = [(at, field) for at, field in enumerate(fields) if field.get("event_time")]
    faults = [
        Fault(f"{pointer}/{at}/event_time", "Only a timestamp or a date says when it happened.")
        for at, field in marked
        if field["type"] not in _TIMES
    ]
    return faults + [
        Fault(f"{pointer}/{at}/event_time", "Another field says so already.")
        for at, _ in marked[1:]
    ]


def _field_faults(field: Field, pointer: str) -> list[Fault]:
    faults = list(_name_faults(field, pointer))
    faults += _coded_faults(field, pointer)
    faults += _text_faults(field, pointer)
    faults += _range_faults(field, pointer)
    # A faulty range or pattern would only repeat itself in the example.
    return faults or _example_faults(field, pointer)


def _name_faults(field: Field, pointer: str) -> Iterable[Fault]:
    if not _NAME.fullmatch(field["name"]):
        yield Fault(
            f"{pointer}/name",
            "A name starts with a letter and has up to 63 letters, digits or underscores.",
        )


def _coded_faults(field: Field, pointer: str) -> list[Fault]:
    coded = field.get("coded_values") or []
    counts = Counter(value["code"] for value in coded)
    faults = [
        Fault(f"{pointer}/coded_values/{at}/code", "The code is used twice.")
        for at, value in enumerate(coded)
        if counts[value["code"]] > 1
    ]
    if coded and field["type"] not in {"string", "integer"}:
        faults.append(Fault(f"{pointer}/coded_values", "Only text and whole numbers are coded."))
    return faults


def _text_faults(field: Field, pointer: str) -> list[Fault]:
    faults = [
        Fault(f"{pointer}/{rule}", "This rule is for text only.")
        for rule in ("pattern", "max_length")
        if field.get(rule) is not None and field["type"] != "string"
    ]
    if field.get("pattern") is not None:
        try:
            check_pattern(field["pattern"])
        except PatternRefused as refusal:
            faults.append(Fault(f"{pointer}/pattern", f"Refused: {refusal}."))
    return faults


def _range_faults(field: Field, pointer: str) -> list[Fault]:
    bounds: dict[str, Decimal] = {}
    faults = []
    for rule in ("minimum", "maximum"):
        text = field.get(rule)
        if text is None:
            continue
        if is_decimal(text):
            bounds[rule] = Decimal(text)
        else:
            faults.append(Fault(f"{pointer}/{rule}", 'A bound is a decimal string such as "0.5".'))
        if field["type"] not in _NUMBERS:
            faults.append(Fault(f"{pointer}/{rule}", "This rule is for numbers only."))
    if not faults and len(bounds) > 1 and bounds["minimum"] > bounds["maximum"]:
        faults.append(Fault(f"{pointer}/maximum", "The maximum is below the minimum."))
    return faults


def _example_faults(field: Field, pointer: str) -> list[Fault]:
    example = field.get("example")
    fault = None if example is None else value_fault(field, example)
    return [Fault(f"{pointer}/example", fault)] if fault else []
