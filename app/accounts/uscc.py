"""The unified social credit code of Chinese organisations (GB 32100-2015)."""

import re

from app.accounts.errors import InvalidUscc

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The standard's 31 characters: I, O, S, V and Z are left out because they are misread."""
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_MODULUS = len(ALPHABET)
_BODY_LENGTH = 17
_WEIGHTS = tuple(pow(3, position, _MODULUS) for position in range(_BODY_LENGTH))
# Authority and category, six digits of the administrative division, nine of the organisation code.
_BODY = re.compile(r"[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{9}")


def check_character(body: str) -> str:
    """The 18th character for the first seventeen (GB 32100-2015, 5.6).

    Raises `InvalidUscc` where the seventeen do not have the standard's shape.
    """
    if not _BODY.fullmatch(body):
        raise InvalidUscc(rule="shape")
    weighted = sum(_VALUES[c] * weight for c, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[-weighted % _MODULUS]


def parse_uscc(text: str) -> str:
    """The code in upper case; raises `InvalidUscc` naming the broken rule, shape or check.

    The inner check of the nine-character organisation code (GB 11714) is left alone: codes that
    were carried over from older registers break it and are nevertheless valid.
    """
    code = text.strip().upper()
    body, last = code[:_BODY_LENGTH], code[_BODY_LENGTH:]
    if check_character(body) != last:
        raise InvalidUscc(rule="check character")
    return code
