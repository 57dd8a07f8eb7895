"""What a thief cannot do, whatever is tried."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.accounts.access_tokens import (
    AccessClaims,
    AccessKeys,
    issue_access_token,
    read_access_token,
)
from app.accounts.one_time_codes import STEP_SECONDS, matching_step
from app.accounts.sign_in_errors import AccessTokenRefused
from app.accounts.throttling import ATTEMPTS_FREE, seconds_locked, with_attempt
from app.core.principals import Role
from app.core.signing import Ed25519Signer

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
KEYS = AccessKeys("https://x.example", "counterfoil", Ed25519Signer.from_seed("s", b"\x01" * 32))
CLAIMS = AccessClaims(
    "psn_1", "org_1", "ses_1", 1, frozenset({Role.OWNER}), has_second_factor=False
)
TOKEN = issue_access_token(KEYS, CLAIMS, now=NOW)
SIGNED_LENGTH = TOKEN.rindex(".")
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.integers(0, SIGNED_LENGTH - 1), st.sampled_from(BASE64URL))
def test_no_character_of_what_is_signed_can_be_changed(position, other):
    assume(TOKEN[position] != other)
    with pytest.raises(AccessTokenRefused):
        read_access_token(KEYS, TOKEN[:position] + other + TOKEN[position + 1 :], now=NOW)


@given(st.text(max_size=200))
def test_any_text_is_refused_and_nothing_else_happens(text):
    with pytest.raises(AccessTokenRefused):
        read_access_token(KEYS, text, now=NOW)


@given(st.lists(st.integers(0, 7200), max_size=200))
def test_locks_hold_whatever_the_rhythm_of_the_attempts(pauses):
    attempts, now, verified = None, NOW, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        if seconds_locked(attempts, now) == 0:
            attempts = with_attempt(attempts, now)
            verified.append(now)
    for first, later in zip(verified[ATTEMPTS_FREE - 1 :], verified[ATTEMPTS_FREE:], strict=False):
        assert later - first >= timedelta(seconds=60)


@given(st.integers(0, 10**6), st.integers(-5, 5))
def test_a_code_never_matches_a_step_that_is_not_after_the_spent_one(code, spent_ago):
    spent = int(NOW.timestamp()) // STEP_SECONDS - spent_ago
    step = matching_step("7" * 32, f"{code % 10**6:06d}", now=NOW, after_step=spent)
    assert step is None or step > spent
