"""Where in a text a pattern holds: all that a column's judgement needs, and no value."""

import re
from collections.abc import Callable

Span = tuple[int, int]
Spans = Callable[[str], list[Span]]

_QUANTITY = re.compile(
    r"\s?(?:个|次|条|元|万|亿|字节|行|米|秒|毫秒|吨|[KMGT]i?B\b|bytes?\b|rows?\b|ms\b|CNY\b|RMB\b)",
    re.IGNORECASE,
)


def is_quantity(text: str, end: int) -> bool:
    """Whether a unit follows a number that ends there."""
    return _QUANTITY.match(text, end) is not None


def spans_where(shape: re.Pattern[str], holds: Callable[[str], bool], text: str) -> list[Span]:
    """The spans of the shape whose text holds."""
    return [match.span() for match in shape.finditer(text) if holds(match.group())]


def shape_spans(shape: re.Pattern[str]) -> Spans:
    """A pattern that is its shape alone."""
    return lambda text: [match.span() for match in shape.finditer(text)]
