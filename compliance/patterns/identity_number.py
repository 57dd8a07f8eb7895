"""Resident identity numbers: 18 characters, a birth date and a mod 11-2 check (GB 11643)."""

import re
from datetime import date

_SHAPE = re.compile(r"(?<![0-9A-Za-z])(\d{17}[0-9Xx])(?![0-9A-Za-z])", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FIRST_YEAR, _LAST_YEAR = 1880, 2100


def check_character(body: str) -> str:
    """The check character of the first 17 digits."""
    return _CHECKS[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


def is_valid(text: str) -> bool:
    """Whether 18 characters are an identity number: a real birth date and the check character.

    The division is not looked up: divisions are renamed and dissolved, their numbers live on. Of
    random 18 digits 0.004 % pass.
    """
    return _is_date(text[6:14]) and check_character(text[:17]) == text[17].upper()


def _is_date(digits: str) -> bool:
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return False
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def count(text: str) -> int:
    """How many identity numbers the text holds."""
    return sum(is_valid(match.group(1)) for match in _SHAPE.finditer(text))
