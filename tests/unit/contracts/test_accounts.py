"""Three roles, three keys."""

import hashlib

import pytest

from contracts.accounts import AccountKeys, address_of
from contracts.licence_entries import (
    OPEN_END_SECONDS,
    chain_licence_id,
    seconds_of,
    terms_commitment,
)


def test_the_three_roles_have_different_keys_from_one_seed():
    keys = AccountKeys.derive(b"s" * 32)
    assert len(set(keys.addresses)) == 3
    assert keys == AccountKeys.derive(b"s" * 32)
    assert not set(keys.addresses) & set(AccountKeys.derive(b"t" * 32).addresses)


def test_a_short_seed_is_refused():
    with pytest.raises(AssertionError):
        AccountKeys.derive(b"short")


def test_the_address_is_the_known_one_of_a_known_key():
    known = "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"
    assert address_of((2).to_bytes(32, "big")) == known


def test_a_licence_on_chain_is_a_digest_that_fits_half_a_word():
    licence = chain_licence_id("lic_x")
    assert licence == hashlib.sha256(b"lic_x").digest()[:16] + bytes(16)


def test_a_commitment_hides_the_terms_behind_its_salt():
    terms = hashlib.sha256(b"terms").hexdigest()
    first, second = (terms_commitment(terms, salt * 32) for salt in (b"a", b"b"))
    assert first != second
    assert len(first) == 32


def test_instants_become_whole_seconds_and_no_end_is_far_away():
    assert seconds_of("2026-11-20T08:00:00.999999Z") == 1_795_161_600
    assert seconds_of("2026-11-20T16:00:00+08:00") == 1_795_161_600
    assert seconds_of(None) == OPEN_END_SECONDS < 2**64
