"""Unified social credit codes: 18 characters, no I O S V Z, a mod 31 check (GB 32100)."""

import re

from compliance.scanner.patterns.divisions import PROVINCES
from compliance.scanner.patterns.spans import Span, spans_where

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_SHAPE = re.compile(
    rf"(?<![0-9A-Za-z])[1-9ANY][1-59]\d{{6}}[{_ALPHABET}]{{10}}(?![0-9A-Za-z])", re.ASCII
)
_NATIONAL = "10"
"""The division of bodies that the state itself registers."""


def check_character(body: str) -> str:
    """The check character of the first 17 characters."""
    total = sum(_VALUE[c] * w for c, w in zip(body, _WEIGHTS, strict=True))
    return _ALPHABET[-total % 31]


def is_valid(code: str) -> bool:
    """Whether 18 characters of the shape name a division and end in their check character."""
    division = code[2:4]
    return (division in PROVINCES or division == _NATIONAL) and (
        check_character(code[:17]) == code[17]
    )


def candidates(text: str) -> list[Span]:
    """Where the text holds what looks like a code before its check character is computed."""
    return spans_where(_SHAPE, bool, text)


def spans(text: str) -> list[Span]:
    """Where the text holds a credit code; of random 18 digits 0.6 % pass, so columns decide."""
    return spans_where(_SHAPE, is_valid, text)


def count(text: str) -> int:
    """How many credit codes the text holds."""
    return len(spans(text))
