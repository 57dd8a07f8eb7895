"""Signatures of Standard Webhooks 1.0: HMAC-SHA-256 over id, time and body, one per secret."""

import hashlib
import hmac
from collections.abc import Callable, Sequence

from app.core.canonical import base64_text

SECRET_PREFIX = "whsec_"  # noqa: S105 -- what the standard puts before a secret
SECRET_BYTES = 32
"""The standard asks for 24 to 64."""


def new_secret(entropy: Callable[[int], bytes]) -> bytes:
    """A fresh secret, in clear; 32 bytes."""
    return entropy(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """The secret as its receiver is given it: ``whsec_`` and base64."""
    return SECRET_PREFIX + base64_text(secret)


def signature(secret: bytes, *, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature, ``v1,`` and base64; ``timestamp`` in whole seconds since 1970."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.digest(secret, signed, hashlib.sha256)
    return f"v1,{base64_text(digest)}"


def signed_headers(
    secrets: Sequence[bytes], *, message_id: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The three headers of a message; one signature per secret, in their order."""
    signatures = [
        signature(secret, message_id=message_id, timestamp=timestamp, body=body)
        for secret in secrets
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
