"""Bank card numbers: 16 to 19 digits, an issuer's prefix and the Luhn check (ISO/IEC 7812)."""

import re

from compliance.scanner.patterns.luhn import passes_luhn
from compliance.scanner.patterns.spans import Span, spans_where

_GROUPED = r"(?:\d{4}[ -]){3}\d{4}(?:[ -]?\d{3})?"
_CANDIDATE = re.compile(
    rf"(?<![0-9A-Za-z.])(?:\d{{16,19}}|{_GROUPED})(?![0-9A-Za-z]|[ -]\d|\.\d)", re.ASCII
)
_PREFIX = re.compile(r"62|4|5[1-5]|2[2-7]|35|60|65|66|68|69|9", re.ASCII)


def candidates(text: str) -> list[Span]:
    """Where the text holds as many digits as a card number has."""
    return [match.span() for match in _CANDIDATE.finditer(text)]


def spans(text: str) -> list[Span]:
    """Where the text holds a bank card number; of random digits about 3 % pass."""
    return spans_where(_CANDIDATE, is_valid, text)


def is_valid(written: str) -> bool:
    """Whether digits, grouped or not, are a card number."""
    digits = written.replace(" ", "").replace("-", "")
    return bool(_PREFIX.match(digits)) and digits.count("0") < len(digits) and passes_luhn(digits)


def count(text: str) -> int:
    """How many bank card numbers the text holds."""
    return len(spans(text))
