"""Brings a cell to the text that patterns read: width folded, floats and base64 written out."""

import base64
import binascii
import re
import unicodedata
from decimal import Decimal

TEXT_MAX = 20_000
"""Characters of one cell that are looked at."""

_INVISIBLE = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD))
_EXPONENT = re.compile(r"\d(?:\.\d+)?[eE]\+?\d{1,2}", re.ASCII)
_WHOLE = re.compile(r"(\d{6,30})\.0+", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,4096}={0,2}", re.ASCII)


def as_text(value: object) -> str:
    """The cell as text; spreadsheets turn digits into floats such as 1.38e10, so those go back."""
    text = unicodedata.normalize("NFKC", str(value)[:TEXT_MAX]).translate(_INVISIBLE).strip()
    if _EXPONENT.fullmatch(text):
        return f"{Decimal(text):.0f}"
    whole = _WHOLE.fullmatch(text)
    return whole.group(1) if whole else text


def decoded(text: str) -> list[str]:
    """The printable texts hidden in the cell as base64."""
    found = (_decode(match.group()) for match in _BASE64.finditer(text))
    return [plain for plain in found if plain is not None]


def _decode(token: str) -> str | None:
    if token.isdigit():
        return None
    body = token.rstrip("=")
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_")
        plain = raw.decode()
    except (binascii.Error, ValueError):
        return None
    return plain if plain.isprintable() else None
