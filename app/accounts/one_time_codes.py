"""Time-based one-time codes (RFC 6238: SHA-1, six digits, thirty seconds)."""

import base64
import hmac
from collections.abc import Callable
from datetime import datetime

import pyotp

STEP_SECONDS = 30
_SECRET_BYTES = 20
# One step either way: clocks differ, and a person needs seconds to type.
_DRIFT_STEPS = (-1, 0, 1)


def new_secret(entropy: Callable[[int], bytes]) -> str:
    """A base 32 secret of 160 bits, the size that RFC 4226 recommends."""
    return base64.b32encode(entropy(_SECRET_BYTES)).decode()


def enrolment_uri(secret: str, *, account: str, issuer: str) -> str:
    """The ``otpauth://`` address that authenticator applications scan."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def matching_step(
    secret: str, code: str, *, now: datetime, after_step: int | None = None
) -> int | None:
    """The time step whose code this is, or nothing.

    Only steps later than ``after_step`` count: a code is accepted at most once (RFC 6238, 5.2).
    """
    present = int(now.timestamp()) // STEP_SECONDS
    one_time = pyotp.TOTP(secret)
    matches = [
        present + drift
        for drift in _DRIFT_STEPS
        if hmac.compare_digest(one_time.generate_otp(present + drift).encode(), code.encode())
    ]
    fresh = [step for step in matches if after_step is None or step > after_step]
    return max(fresh, default=None)
