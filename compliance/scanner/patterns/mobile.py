"""Chinese mobile numbers, with boundaries: without them every millisecond timestamp holds one."""

import re

from compliance.scanner.patterns.spans import Span, is_quantity

_SHAPE = re.compile(
    r"(?<![0-9A-Za-z.+-])(?:(?:\+|00)?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![0-9A-Za-z]|\.\d)",
    re.ASCII,
)


def spans(text: str) -> list[Span]:
    """Where the text holds a mobile number; a number with a unit behind it is a quantity."""
    return [match.span() for match in _SHAPE.finditer(text) if not is_quantity(text, match.end())]


def count(text: str) -> int:
    """How many mobile numbers the text holds."""
    return len(spans(text))
