"""E-mail addresses as the name that a person signs in with."""

import unicodedata

from app.core.canonical import sha256_hex

LENGTH_MAX = 254
"""RFC 5321, 4.5.3.1.3, without the angle brackets."""


def normalise_email(text: str) -> str:
    """One spelling per address: trimmed, NFC, case folded."""
    return unicodedata.normalize("NFC", text.strip()).casefold()


def email_hash(email: str) -> str:
    """What the throttle remembers of an address, known here or not, in place of the address."""
    return sha256_hex(normalise_email(email).encode())
