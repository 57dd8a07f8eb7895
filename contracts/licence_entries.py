"""What the chain is told of a licence: two hashes and two times, nothing that can be guessed."""

import hashlib
import hmac
from datetime import datetime

SALT_BYTES = 32
_ID_BYTES = 16
OPEN_END_SECONDS = 2**63 - 1
"""The end of a licence that has none."""


def chain_licence_id(licence_id: str) -> bytes:
    """The first 16 bytes of SHA-256 of the licence's id, then 16 zero bytes.

    A licence's id holds 128 random bits, so a longer digest would tell no more, and zero bytes are
    what keeps a revocation under its 30,000 gas.
    """
    return hashlib.sha256(licence_id.encode()).digest()[:_ID_BYTES].ljust(32, b"\x00")


def terms_commitment(terms_hash: str, salt: bytes) -> bytes:
    """HMAC-SHA-256 of the terms' hash under a random salt: terms are guessable, the salt is not."""
    return hmac.digest(salt, b"counterfoil/terms/v1\x00" + bytes.fromhex(terms_hash), "sha256")


def seconds_of(instant: str | None) -> int:
    """Unix seconds of an RFC 3339 instant, rounded down; None is the open end."""
    if instant is None:
        return OPEN_END_SECONDS
    return int(datetime.fromisoformat(instant).timestamp())
