"""Signatures of Stripe's notices (https://docs.stripe.com/webhooks/signature).

The SDK's own check reads the machine's clock and lets any future time pass; this one is given the
time and refuses both sides of the tolerance.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from ledger.payments.ports import SignatureRefused

TOLERANCE_SECONDS = 300
HEADER = "Stripe-Signature"
_HEADER_LENGTH_MAX = 2_000


def verify(body: bytes, header: str, secrets: Sequence[str], now: datetime) -> None:
    """Raises `SignatureRefused` unless one of the secrets signed these bytes at about ``now``.

    Several secrets, because Stripe signs with the old and the new one while a secret is rolled.
    """
    timestamp, signatures = _parts(header)
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise SignatureRefused
    signed = timestamp.encode() + b"." + body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    # Every pair is compared, so that the time taken says nothing.
    matches = [hmac.compare_digest(one, other) for one in expected for other in signatures]
    if not any(matches):
        raise SignatureRefused


def _parts(header: str) -> tuple[str, list[str]]:
    if len(header) > _HEADER_LENGTH_MAX or not header.isascii():
        raise SignatureRefused
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value for name, _, value in pairs if name == "v1"]
    if len(times) != 1 or not times[0].isdecimal() or len(times[0]) > 12 or not signatures:  # noqa: PLR2004 -- digits of a time
        raise SignatureRefused
    return times[0], signatures
