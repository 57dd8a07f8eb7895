"""The texts of API keys and refresh tokens."""

import hashlib
import re
import secrets

from app.accounts.secret_texts import hash_of, hint_of, new_api_key, new_refresh_token


def test_an_api_key_shows_its_kind_its_prefix_and_its_secret():
    text = new_api_key(secrets.token_bytes)
    assert re.fullmatch(r"cfk_[0-9a-hjkmnp-tv-z]{8}_[A-Za-z0-9_-]{43}", text)


def test_the_prefix_is_the_middle_part():
    text = new_api_key(secrets.token_bytes)
    assert text.startswith(f"cfk_{hint_of(text)}_")


def test_the_hash_is_over_the_whole_text():
    assert hash_of("cfk_x") == hashlib.sha256(b"cfk_x").hexdigest()


def test_a_refresh_token_has_256_bits():
    assert re.fullmatch(r"cfr_[A-Za-z0-9_-]{43}", new_refresh_token(secrets.token_bytes))


def test_two_keys_differ():
    assert new_api_key(secrets.token_bytes) != new_api_key(secrets.token_bytes)
