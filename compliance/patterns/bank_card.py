"""Bank card numbers: 16 to 19 digits, an issuer's prefix and the Luhn check (ISO/IEC 7812)."""

import re

_SHAPE = re.compile(
    r"(?<![0-9A-Za-z.])(?:62\d{14,17}|(?:4\d|5[1-5]|35|60|65|66|68|69|9\d)\d{14}(?:\d{3})?)"
    r"(?![0-9A-Za-z]|\.\d)",
    re.ASCII,
)
_GROUPED = re.compile(r"(?<=\d{4})[ -](?=\d{3,4}\b)", re.ASCII)


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check of the others."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        digit = int(character) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit  # noqa: PLR2004 - the digits of a two-digit sum
    return total % 10 == 0


def count(text: str) -> int:
    """How many bank card numbers the text holds."""
    joined = _GROUPED.sub("", text)
    return sum(passes_luhn(match.group()) for match in _SHAPE.finditer(joined))
