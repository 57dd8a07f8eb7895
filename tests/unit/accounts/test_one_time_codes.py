"""Time-based one-time codes."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from app.accounts.one_time_codes import enrolment_uri, matching_step, new_secret

# RFC 6238, appendix B: the SHA-1 secret and codes, cut to six digits.
SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = (
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_vectors_of_the_rfc_match_their_step(seconds, code):
    now = datetime.fromtimestamp(seconds, UTC)
    assert matching_step(SECRET, code, now=now) == seconds // 30


@pytest.mark.parametrize(("drift", "is_accepted"), [(-60, False), (-30, True), (30, True)])
def test_one_step_of_drift_is_accepted(drift, is_accepted):
    now = datetime.fromtimestamp(1234567890, UTC) + timedelta(seconds=drift)
    step = matching_step(SECRET, "005924", now=now)
    assert step == (1234567890 // 30 if is_accepted else None)


def test_two_steps_of_drift_are_not():
    now = datetime.fromtimestamp(1234567890 + 60, UTC)
    assert matching_step(SECRET, "005924", now=now) is None


def test_a_spent_step_is_not_accepted_again():
    now = datetime.fromtimestamp(1234567890, UTC)
    assert matching_step(SECRET, "005924", now=now, after_step=1234567890 // 30) is None


def test_a_later_step_than_the_spent_one_is():
    now = datetime.fromtimestamp(1234567890, UTC)
    spent = 1234567890 // 30 - 1
    assert matching_step(SECRET, "005924", now=now, after_step=spent) == spent + 1


def test_a_secret_has_160_bits_of_entropy():
    assert new_secret(lambda size: b"\xff" * size) == "7" * 32


def test_the_address_carries_secret_account_and_issuer():
    uri = enrolment_uri(SECRET, account="ren@example.cn", issuer="Counterfoil")
    assert uri.startswith("otpauth://totp/Counterfoil:ren%40example.cn?")
    assert f"secret={SECRET}" in uri
