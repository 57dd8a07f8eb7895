"""Number plates (GA 36) and vehicle identification numbers (GB 16735, ISO 3779)."""

import re

from compliance.scanner.patterns.spans import Span, shape_spans, spans_where

_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(
    rf"[{_PROVINCE}][A-HJ-NP-Z][ ·.-]?(?=[A-Z]{{0,3}}\d)(?:[A-HJ-NP-Z0-9]{{4}}[挂学警港澳]"
    rf"|[A-HJ-NP-Z0-9]{{5,6}})(?![A-Za-z0-9])"
)
_VIN = re.compile(r"(?<![0-9A-Za-z])[A-HJ-NPR-Z0-9]{13}\d{4}(?![0-9A-Za-z])", re.ASCII)
_LETTERS = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_CHECK_AT = 8

plate_spans = shape_spans(_PLATE)


def vin_check(number: str) -> str:
    """The ninth character of a number of 17, computed from the others (mod 11)."""
    total = sum(int(_LETTERS.get(c, c)) * w for c, w in zip(number, _WEIGHTS, strict=True))
    return "X" if total % 11 == 10 else str(total % 11)  # noqa: PLR2004 - ten is written X


def is_vin(number: str) -> bool:
    """Whether 17 characters, a letter among them, carry their check character."""
    return not number.isdigit() and vin_check(number) == number[_CHECK_AT]


def vin_spans(text: str) -> list[Span]:
    """Where the text holds a vehicle identification number; of random ones 9 % pass."""
    return spans_where(_VIN, is_vin, text)


def vin_candidates(text: str) -> list[Span]:
    """Where the text has the shape of one."""
    return spans_where(_VIN, lambda number: not number.isdigit(), text)
