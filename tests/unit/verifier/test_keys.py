"""Keys: their text form, their roles, rotation."""

import json

import pytest
from counterfoil_verify.errors import Rejected
from counterfoil_verify.keys import keyring_of, parse_keyring, parse_vkey, verify_named

from tests.vectors.primitives import Key, seeded


def keyring(**roles):
    return parse_keyring(json.dumps(roles).encode(), "test")


def test_a_key_reads_back_from_its_text(exchange):
    key = parse_vkey(exchange.checkpoints.vkey)
    assert (key.name, key.public) == (exchange.origin, exchange.checkpoints.data[1:])
    assert len(key.fingerprint) == 64


@pytest.mark.parametrize("position", range(0, 80, 3))
def test_a_key_with_a_changed_character_is_rejected(exchange, position):
    text = exchange.checkpoints.vkey
    place = position % len(text)
    with pytest.raises(Rejected):
        parse_vkey(text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :])


def test_keys_of_one_role_are_refused_in_another(exchange):
    with pytest.raises(Rejected):
        keyring(receipts=exchange.statements.vkey)
    with pytest.raises(Rejected):
        keyring(witnesses=exchange.checkpoints.vkey)


def test_the_keys_that_the_log_serves_are_read_with_its_origin(exchange):
    found = keyring(origin=exchange.origin, checkpoint=exchange.checkpoints.vkey)
    assert [key.name for _, key in found.roles()] == [exchange.origin]


def test_an_unknown_role_is_rejected(exchange):
    with pytest.raises(Rejected):
        keyring(checkpoints=exchange.checkpoints.vkey)


def test_single_keys_take_the_role_that_their_name_ends_in(exchange):
    witness = Key("witness.example/w1", seeded("witness"), algorithm=4)
    keys = (exchange.checkpoints, exchange.receipts, exchange.statements, witness)
    roles = [role for role, _ in keyring_of([key.vkey for key in keys]).roles()]
    assert roles == ["checkpoint", "receipts", "statements", "witnesses"]


def test_during_a_rotation_either_key_of_a_name_will_do(exchange):
    newer = Key(exchange.receipts.name, seeded("newer"))
    keys = keyring(receipts=[exchange.receipts.vkey, newer.vkey]).receipts
    for signer in (exchange.receipts, newer):
        signature = signer.sign(b"message")
        found = verify_named(keys, signer.name, b"message", signature, step="signature")
        assert found.public == signer.data[1:]


def test_a_third_key_of_the_name_will_not(exchange):
    newer = Key(exchange.receipts.name, seeded("newer"))
    foreign = Key(exchange.receipts.name, seeded("foreign"))
    keys = keyring(receipts=[exchange.receipts.vkey, newer.vkey]).receipts
    with pytest.raises(Rejected):
        verify_named(keys, newer.name, b"message", foreign.sign(b"message"), step="signature")


def ended(key, **end):
    return {"role": "receipts", "key": key.vkey, "from_size": 0, **end}


def test_a_history_adds_former_keys_to_their_role(exchange):
    former = Key(exchange.receipts.name, seeded("former"))
    entry = ended(former, until_size=9, until_at="2026-11-20T08:00:00Z", reason="compromise")
    found = keyring(receipts=exchange.receipts.vkey, history=[ended(exchange.receipts), entry])
    current, old = found.receipts
    assert (current.text, old.text) == (exchange.receipts.vkey, former.vkey)
    assert found.end_of(current) is None
    assert (found.end_of(old).until_size, found.unspoilt(found.receipts)) == (9, [current])


@pytest.mark.parametrize(
    "change",
    [
        {"until_size": 9},
        {"until_size": 9, "reason": "whim"},
        {"until_size": -1, "reason": "rotation"},
        {"role": "witnesses"},
        {"role": "statements"},
        {"from": 3},
    ],
)
def test_a_history_that_is_not_one_is_rejected(exchange, change):
    with pytest.raises(Rejected):
        keyring(history=[{**ended(exchange.receipts), **change}])


def test_a_key_has_one_end(exchange):
    ends = [ended(exchange.receipts, until_size=size, reason="rotation") for size in (9, 99)]
    with pytest.raises(Rejected, match="two ends"):
        keyring(history=ends)
