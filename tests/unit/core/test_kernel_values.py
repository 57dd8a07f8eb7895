"""Canonical bytes, ids, clocks, ciphers, signatures and state tables."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from hypothesis import given
from hypothesis import strategies as st

from app.core.canonical import NotCanonical, canonical_bytes, digest_hex
from app.core.cipher import CannotDecrypt, Cipher
from app.core.clock import SystemClock, iso_instant
from app.core.ids import CROCKFORD, IdSource
from app.core.libsodium import sign_detached
from app.core.principals import Permission, Principal, Role
from app.core.reach import Reach
from app.core.signing import Ed25519Signer
from app.core.states import IllegalTransition, Transitions
from tests.fakes.clock import FixedClock

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(alphabet="abc", max_size=3), st.integers(), max_size=5))
def test_canonical_bytes_do_not_depend_on_the_order_of_keys(value):
    backwards = dict(reversed(list(value.items())))
    assert canonical_bytes(value) == canonical_bytes(backwards)
    assert digest_hex(value) == digest_hex(backwards)


@pytest.mark.parametrize("value", [1.5, {"a": float("nan")}, [b"x"], {1: "a"}, ({"a": {1}},)])
def test_what_has_no_one_form_is_refused(value):
    with pytest.raises(NotCanonical):
        canonical_bytes(value)


def test_ids_of_one_source_only_grow_even_within_a_millisecond():
    source = IdSource(FixedClock())
    made = [source.new("org") for _ in range(500)]
    assert made == sorted(made)
    assert len(set(made)) == 500
    assert all(len(one) == 30 for one in made)


def _number(identifier):
    """What the 26 characters say, read one by one."""
    body = identifier.partition("_")[2]
    assert len(body) == 26
    return sum(CROCKFORD.index(character) * 32**at for at, character in enumerate(body[::-1]))


def test_several_ids_follow_each_other_across_the_end_of_a_digit():
    source = IdSource(FixedClock(), lambda count: b"\xff" * (count - 1) + b"\x80")
    first, made = source.new("use"), source.several("use", 3000)
    numbers = [_number(one) for one in [first, *made]]
    assert numbers == list(range(numbers[0], numbers[0] + 3001))


def test_ids_do_not_go_back_when_the_clock_does():
    clock = FixedClock()
    source = IdSource(clock)
    first = source.new("org")
    clock.advance(seconds=-60)
    assert source.new("org") > first


def test_an_opaque_id_does_not_tell_the_time():
    source = IdSource(FixedClock())
    assert source.opaque("lic")[:14] != source.opaque("lic")[:14]


def test_instants_are_written_in_utc_with_six_digits():
    local = datetime(2026, 11, 20, 16, 0, tzinfo=timezone(timedelta(hours=8)))
    assert iso_instant(local) == "2026-11-20T08:00:00.000000Z"
    with pytest.raises(ValueError, match="time zone"):
        iso_instant(datetime(2026, 11, 20))  # noqa: DTZ001 -- refused on purpose
    assert SystemClock().now().tzinfo is UTC


def test_a_secret_opens_only_in_its_context_and_unaltered():
    cipher = Cipher.from_passphrase("a long passphrase of the settings")
    sealed = cipher.encrypt(b"secret", context="upstream:1")
    assert cipher.decrypt(sealed, context="upstream:1") == b"secret"
    for broken, context in [
        (sealed, "upstream:2"),
        (sealed[:-1] + b"\x00", "upstream:1"),
        (b"", "upstream:1"),
    ]:
        with pytest.raises(CannotDecrypt):
            cipher.decrypt(broken, context=context)
    with pytest.raises(ValueError, match="32 bytes"):
        Cipher(b"short")


def test_a_fingerprint_needs_the_key():
    first, other = Cipher(bytes(32)), Cipher(bytes([1]) * 32)
    assert first.fingerprint(b"x") == first.fingerprint(b"x") != first.fingerprint(b"y")
    assert first.fingerprint(b"x") != other.fingerprint(b"x")


@given(st.binary(max_size=400), st.binary(min_size=32, max_size=32))
def test_signatures_are_the_ones_that_rfc_8032_says(message, seed):
    expected = Ed25519PrivateKey.from_private_bytes(seed).sign(message)
    assert Ed25519Signer.from_seed("key", seed).sign(message) == expected


def test_what_is_no_secret_is_not_read_beyond_its_end():
    with pytest.raises(ValueError, match="64 bytes"):
        sign_detached(b"message", bytes(32))


def test_a_signature_checks_with_the_public_key():
    signer = Ed25519Signer.generate("test/key")
    Ed25519PublicKey.from_public_bytes(signer.public_key).verify(
        signer.sign(b"message"), b"message"
    )
    assert Ed25519Signer.from_seed("a", bytes(32)).sign(b"m") == Ed25519Signer.from_seed(
        "b", bytes(32)
    ).sign(b"m")


def test_a_state_table_refuses_what_it_does_not_name():
    table = Transitions({("draft", "submit"): "submitted"})
    assert table.next("draft", "submit") == "submitted"
    assert table.states() == {"draft", "submitted"}
    with pytest.raises(IllegalTransition) as refused:
        table.next("submitted", "submit")
    assert refused.value.facts["allowed"] == []


def test_staff_permissions_are_worthless_without_the_second_factor():
    without = Principal("psn_1", "org_1", frozenset({Role.REVIEWER}))
    with_factor = Principal("psn_1", "org_1", frozenset({Role.REVIEWER}), has_second_factor=True)
    assert not without.may(Permission.REVIEW)
    assert with_factor.may(Permission.REVIEW)
    assert without.may(Permission.READ_OWN)
    assert with_factor.is_exchange_staff


def test_a_principal_without_roles_may_nothing():
    assert Principal("psn_1", "org_1", frozenset()).permissions == frozenset()


def test_reaches_are_values():
    assert Reach.organisation("org_1") == Reach.organisation("org_1") != Reach.EXCHANGE
