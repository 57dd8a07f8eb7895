"""Witnesses' keys and lines are read strictly; a request has the protocol's form."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.log.errors import EvidenceRefused
from ledger.log.tree.checkpoints import Checkpoint, sign_checkpoint
from ledger.log.tree.notes import key_of
from ledger.log.witnesses.cosignatures import (
    WitnessKey,
    parse_known_size,
    parse_witness_key,
    read_cosignature,
    write_request,
)
from tests.unit.log.log_factory import ORIGIN, log_keys
from tests.vectors.primitives import Key, seeded

KEYS = log_keys()
HEAD = Checkpoint(ORIGIN, 14, bytes(range(32)))
NOTE = sign_checkpoint(HEAD, [KEYS.checkpoint])
OTHER = Key("witness.example/w2", seeded("w2"), algorithm=4)
THEIRS = Key("witness.example/w1", seeded("w1"), algorithm=4)
KEY = parse_witness_key(THEIRS.vkey)
TIME = 1_795_161_600


def test_a_key_is_read_and_written():
    assert KEY.name == "witness.example/w1"
    assert (KEY.text, KEY.key_hash) == (THEIRS.vkey, THEIRS.key_id)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "w1",
        key_of(KEYS.checkpoint).text,  # a log's own key is no witness's
        Key("w1", seeded("w1"), algorithm=6).vkey,
        THEIRS.vkey.replace("w1", "w2"),
        THEIRS.vkey + "=",
        THEIRS.vkey.replace("+", " ", 1),
        "w1+00000000+" + base64.b64encode(b"\x04" + bytes(31)).decode(),
    ],
)
def test_what_is_no_witness_s_key_is_refused(text):
    with pytest.raises(EvidenceRefused):
        parse_witness_key(text)


def test_the_witness_s_own_line_is_found_among_others():
    answer = OTHER.cosign(HEAD.text, TIME) + THEIRS.cosign(HEAD.text, TIME)
    found = read_cosignature(NOTE, answer.encode(), KEY)
    assert (found.timestamp, found.line) == (TIME, THEIRS.cosign(HEAD.text, TIME))


def test_the_log_s_own_signature_is_no_cosignature():
    with pytest.raises(EvidenceRefused, match="did not sign"):
        read_cosignature(NOTE, b"", KEY)


def line_of(data):
    return f"— {THEIRS.name} {base64.b64encode(THEIRS.key_id + data).decode()}\n"


BAD_ANSWERS = {
    "another time": line_of((TIME + 1).to_bytes(8) + bytes(64)),
    "another text": THEIRS.cosign(HEAD.text.replace("14", "15"), TIME),
    "a plain signature": Key(THEIRS.name, seeded("w1")).line(HEAD.text),
    "another witness": OTHER.cosign(HEAD.text, TIME),
    "another key of the name": Key(THEIRS.name, seeded("x"), algorithm=4).cosign(HEAD.text, TIME),
    "too short": line_of(bytes(60)),
    "a time beyond": line_of(bytes([255] * 8) + bytes(64)),
    "no lines": "sorry",
    "no newline": THEIRS.cosign(HEAD.text, TIME).rstrip(),
    "too many": OTHER.cosign(HEAD.text, TIME) * 40,
}  # fmt: skip


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_whatever_else_it_answers_is_refused(answer):
    with pytest.raises(EvidenceRefused):
        read_cosignature(NOTE, answer.encode(), KEY)


def test_an_answer_that_is_no_text_is_refused():
    with pytest.raises(EvidenceRefused):
        read_cosignature(NOTE, b"\xff\n", KEY)


def test_no_changed_byte_of_an_answer_is_taken():
    answer = THEIRS.cosign(HEAD.text, TIME).encode()
    for position in range(len(answer)):
        changed = bytearray(answer)
        changed[position] ^= 1
        with pytest.raises(EvidenceRefused):
            read_cosignature(NOTE, bytes(changed), KEY)


def test_a_request_has_the_protocol_s_form():
    body = write_request(5, [bytes(32), bytes([1] * 32)], NOTE).decode()
    top, _, note = body.partition("\n\n")
    assert note == NOTE
    assert top.split("\n") == [
        "old 5",
        base64.b64encode(bytes(32)).decode(),
        base64.b64encode(bytes([1] * 32)).decode(),
    ]
    assert write_request(0, [], NOTE).decode() == f"old 0\n\n{NOTE}"


def test_a_known_size_is_one_number_and_a_newline():
    assert parse_known_size(b"20852014\n") == 20_852_014
    for body in (b"", b"5", b"05\n", b"-1\n", b"5\n\n", b"5 \n", b"9" * 20 + b"\n"):
        with pytest.raises(EvidenceRefused):
            parse_known_size(body)


def test_a_key_is_not_the_log_s_key_of_the_same_bytes():
    """The key hash covers the kind, so that one signature never passes for the other."""
    private = Ed25519PrivateKey.from_private_bytes(seeded("w1"))
    public = private.public_key().public_bytes_raw()
    assert WitnessKey("w", public).key_hash != Key("w", seeded("w1")).key_id
