"""Listing codes: a party number, a hyphen and ten Crockford base-32 characters with a check."""

import re

from listings.errors import ListingCodeInvalid

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_LENGTH = 9

_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_ALIASES = str.maketrans({"I": "1", "L": "1", "O": "0"})
_SHAPE = re.compile(rf"([0-9]{{10}})-([{ALPHABET}]{{10}})", re.ASCII)
_WHOLE = re.compile(rf"[0-9]{{10}}[{ALPHABET}]{{9}}", re.ASCII)
_FIELD_POLYNOMIAL = 0b100101
"""x⁵ + x² + 1, primitive over GF(2): the powers of its root are 31 different weights."""
_FIELD_SIZE = 32


def _times_root(value: int) -> int:
    doubled = value << 1
    return doubled ^ _FIELD_POLYNOMIAL if doubled >= _FIELD_SIZE else doubled


def _weigh(characters: str) -> int:
    """The sum over GF(32) of every character times the root to the power of its place."""
    total = 0
    for character in characters:
        total = _times_root(total) ^ _VALUES[character]
    return total


def check_character(body: str) -> str:
    """The character that makes the weighted sum of body and check zero.

    Twenty places have twenty different non-zero weights, so that every substitution of one
    character and every exchange of two is found; Luhn's method modulo 32 would miss one pair.
    """
    return ALPHABET[_times_root(_weigh(body))]


def make_listing_code(party_number: str, random_part: str) -> str:
    """The code of a party number (ten digits) and nine random base-32 characters, any case."""
    whole = party_number + random_part.upper()
    if not _WHOLE.fullmatch(whole) or len(random_part) != RANDOM_LENGTH:
        raise ListingCodeInvalid(whole)
    return f"{party_number}-{random_part.upper()}{check_character(whole)}"


def parse_listing_code(text: str) -> str:
    """The code as stored: upper case, I and L read as 1, O as 0; raises `ListingCodeInvalid`."""
    code = text.strip().upper().translate(_ALIASES)
    match = _SHAPE.fullmatch(code)
    if match is None or _weigh(match[1] + match[2]) != 0:
        raise ListingCodeInvalid(text)
    return code
