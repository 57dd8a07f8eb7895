"""E-mail addresses, in the common form of RFC 5321 with a dotted domain."""

import re

from compliance.scanner.patterns.spans import shape_spans

_SHAPE = re.compile(
    r"(?<![A-Za-z0-9._%+*-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}"
    r"(?![A-Za-z0-9])",
    re.ASCII,
)

spans = shape_spans(_SHAPE)


def count(text: str) -> int:
    """How many addresses the text holds; masked ones (`z***@…`) are none."""
    return len(spans(text))
