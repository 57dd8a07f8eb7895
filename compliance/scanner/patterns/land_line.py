"""Chinese land lines: an area code that exists in form, and seven or eight digits."""

import re

from compliance.scanner.patterns.spans import Span, is_quantity

_AREA = r"(?:010|02\d|0[3-9]\d{2})"
_SHAPE = re.compile(
    rf"(?<![0-9A-Za-z.+-])(?:\+86[- ]?)?(?:\({_AREA}\)|{_AREA})[- ]?[2-8]\d{{6,7}}"
    rf"(?:(?:-|转|x)\d{{1,5}})?(?![0-9A-Za-z]|\.\d|-\d)",
    re.ASCII,
)


def spans(text: str) -> list[Span]:
    """Where the text holds a land line; a number with a unit behind it is a quantity."""
    return [match.span() for match in _SHAPE.finditer(text) if not is_quantity(text, match.end())]


def count(text: str) -> int:
    """How many land lines the text holds; 400 and 800 numbers are a company's and count as none."""
    return len(spans(text))
