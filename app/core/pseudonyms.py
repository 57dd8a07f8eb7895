"""A data subject's pseudonym: a keyed hash of whatever identifies the person, and never that."""

import hmac
import re
import unicodedata

KEY_BYTES = 32
_PSEUDONYM = re.compile(r"[0-9a-f]{64}", re.ASCII)


def pseudonym_of(key: bytes, identity: str) -> str:
    """HMAC-SHA-256 in hexadecimal over the normal spelling of an identity (RFC 2104).

    Normal: compatibility form (NFKC), no white space, upper case, UTF-8; so an identity number
    typed with full-width digits or a small x is the same person.
    """
    spelled = "".join(unicodedata.normalize("NFKC", identity).split()).upper()
    return hmac.digest(key, spelled.encode(), "sha256").hex()


def is_pseudonym(text: str) -> bool:
    """Whether the text has the form of a pseudonym: 64 lower-case hexadecimal digits."""
    return _PSEUDONYM.fullmatch(text) is not None
