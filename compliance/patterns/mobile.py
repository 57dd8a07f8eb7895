"""Chinese mobile numbers, with boundaries: without them every millisecond timestamp holds one."""

import re

_SHAPE = re.compile(
    r"(?<![0-9A-Za-z.+-])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![0-9A-Za-z]|\.\d)", re.ASCII
)


def count(text: str) -> int:
    """How many mobile numbers the text holds."""
    return sum(1 for _ in _SHAPE.finditer(text))
