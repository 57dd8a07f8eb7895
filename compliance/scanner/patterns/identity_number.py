"""Resident identity numbers of 18 and of 15 characters (GB 11643-1999 and before)."""

import re
from datetime import date

from compliance.scanner.patterns.divisions import PROVINCES
from compliance.scanner.patterns.spans import Span, spans_where

_SHAPE = re.compile(r"(?<![0-9A-Za-z])\d{17}[0-9Xx](?![0-9A-Za-z])", re.ASCII)
_OLD_SHAPE = re.compile(r"(?<![0-9A-Za-z.])\d{15}(?![0-9A-Za-z]|\.\d)", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_FIRST_YEAR, _LAST_YEAR = 1880, 2100


def check_character(body: str) -> str:
    """The check character of the first 17 digits."""
    return _CHECKS[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


def is_valid(text: str) -> bool:
    """Whether 18 characters are an identity number: province, birth date and check character.

    Only the province is looked up: divisions are renamed and dissolved, their numbers live on. A
    foreign permanent resident's number starts with 9. Of random 18 digits 0.002 % pass.
    """
    return (
        _is_placed(text)
        and birth_date(text) is not None
        and check_character(text[:17]) == text[17].upper()
    )


def birth_date(text: str) -> date | None:
    """The birth date in an identity number of 18 characters, or None if there is none."""
    year = text[6:10]
    return _date(year, text[10:12], text[12:14]) if _is_year(year) else None


def is_rounded(text: str) -> bool:
    """Whether a spreadsheet cut an identity number to its fifteen significant digits."""
    return text[15:] == "000" and _is_placed(text) and birth_date(text) is not None


def is_old(text: str) -> bool:
    """Whether 15 digits are a number of before 1999: province and birth date, no check digit."""
    return text[:2] in PROVINCES and _date(f"19{text[6:8]}", text[8:10], text[10:12]) is not None


def _is_placed(text: str) -> bool:
    return text[:2] in PROVINCES or (text[0] == "9" and text[1:3] in PROVINCES)


def _is_year(digits: str) -> bool:
    return _FIRST_YEAR <= int(digits) <= _LAST_YEAR


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def spans(text: str) -> list[Span]:
    """Where the text holds an identity number of 18 characters."""
    return spans_where(_SHAPE, is_valid, text)


def rounded_spans(text: str) -> list[Span]:
    """Where the text holds one that lost its last three digits to a float."""
    return spans_where(_SHAPE, is_rounded, text)


def old_spans(text: str) -> list[Span]:
    """Where the text holds an identity number of 15 digits."""
    return spans_where(_OLD_SHAPE, is_old, text)


def old_candidates(text: str) -> list[Span]:
    """Where the text holds 15 digits."""
    return spans_where(_OLD_SHAPE, bool, text)


def count(text: str) -> int:
    """How many identity numbers of 18 characters the text holds."""
    return len(spans(text))
