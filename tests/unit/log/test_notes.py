"""Signed notes and checkpoints, by the examples of the C2SP specifications."""

import pytest
from counterfoil_verify.keys import FIELD, SMALL_ORDERS

from app.core.signing import Ed25519Signer
from ledger.log.errors import EvidenceRefused
from ledger.log.tree.checkpoints import (
    Checkpoint,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from ledger.log.tree.merkle import leaf_hash
from ledger.log.tree.notes import (
    VerifierKey,
    from_base64,
    key_of,
    parse_note,
    parse_vkey,
    sign_note,
    verify_note,
)
from ledger.log.witnesses.cosignatures import WitnessKey, parse_witness_key
from tests.unit.log.log_factory import ORIGIN, log_keys

SPECIFIED = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"
    "Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)
# The key of Go's golang.org/x/mod/sumdb/note documentation.
GO_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpR"
    "Zb6KE6RyyBwJnAM=\n"
)
HEAD = Checkpoint(ORIGIN, 3, leaf_hash(b"root"))
KEYS = [key_of(log_keys().checkpoint)]
NOTE = sign_checkpoint(HEAD, [log_keys().checkpoint])


def test_the_checkpoint_of_the_specification_is_read():
    note = parse_note(SPECIFIED.encode())
    assert parse_checkpoint(note.text).tree_size == 20852163
    assert note.signatures[0].name == "example.com/behind-the-sofa"


def test_a_note_signed_by_another_implementation_verifies():
    note = parse_note(GO_NOTE.encode())
    assert verify_note(note, [parse_vkey(GO_VKEY)]) == ("PeterNeumann",)


def test_we_sign_the_same_bytes_as_the_other_implementation():
    seed = from_base64("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
    text = parse_note(GO_NOTE.encode()).text
    assert sign_note(text, [Ed25519Signer.from_seed("PeterNeumann", seed)]) == GO_NOTE


def test_a_verifier_key_has_one_text():
    assert parse_vkey(GO_VKEY).text == GO_VKEY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        GO_VKEY.replace("c74f20a3", "c74f20a4"),
        GO_VKEY.replace("c74f20a3", "C74F20A3"),
        GO_VKEY.replace("+ARpc", "+AhpC"),
        GO_VKEY + "=",
        GO_VKEY[:-4],
    ],
)
def test_a_verifier_key_that_is_not_one_is_refused(text):
    with pytest.raises(EvidenceRefused):
        parse_vkey(text)


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", sorted(SMALL_ORDERS | {FIELD, FIELD + 1}))
def test_a_key_that_signs_everything_is_refused_of_a_log_a_buyer_and_a_witness(y, sign):
    public = (y | sign << 255).to_bytes(32, "little")
    with pytest.raises(EvidenceRefused, match="binds nobody"):
        parse_vkey(VerifierKey("org_1/acknowledgements", public).text)
    with pytest.raises(EvidenceRefused, match="binds nobody"):
        parse_witness_key(WitnessKey("witness.example/w1", public).text)


def test_a_checkpoint_we_sign_opens_under_our_key_and_origin():
    assert open_checkpoint(NOTE.encode(), KEYS, origin=ORIGIN) == HEAD


def test_a_checkpoint_of_another_origin_is_refused():
    with pytest.raises(EvidenceRefused):
        open_checkpoint(NOTE.encode(), KEYS, origin="another.example/log/2026")


def test_a_checkpoint_signed_by_a_stranger_is_refused():
    stranger = Ed25519Signer.from_seed(ORIGIN, b"s" * 32)
    with pytest.raises(EvidenceRefused):
        open_checkpoint(sign_checkpoint(HEAD, [stranger]).encode(), KEYS, origin=ORIGIN)


def test_unknown_signatures_beside_ours_are_passed_over():
    stranger = Ed25519Signer.from_seed("witness.example", b"w" * 32)
    note = sign_checkpoint(HEAD, [log_keys().checkpoint, stranger])
    assert open_checkpoint(note.encode(), KEYS, origin=ORIGIN) == HEAD
    assert len(parse_note(note.encode()).signatures) == 2


def test_a_wrong_signature_of_a_known_key_spoils_the_note():
    good = NOTE.splitlines(keepends=True)[-1]
    text = HEAD.text.replace("\n3\n", "\n4\n")
    with pytest.raises(EvidenceRefused):
        verify_note(parse_note(f"{text}\n{good}".encode()), KEYS)


def test_a_key_that_is_no_curve_point_is_refused_not_crashed_on():
    odd = VerifierKey(ORIGIN, b"\xff" * 32)
    signature = Ed25519Signer.from_seed(ORIGIN, b"x" * 32)
    note = sign_note("text\n", [signature])
    forged = parse_note(note.encode())
    renamed = forged.signatures[0].__class__(ORIGIN, odd.key_hash, b"\x00" * 64)
    with pytest.raises(EvidenceRefused):
        verify_note(forged.__class__(forged.text, (renamed,)), [odd])


def test_every_changed_byte_of_a_checkpoint_is_found():
    raw = NOTE.encode()
    for at in range(len(raw)):
        for changed in (raw[at] ^ 0x01, raw[at] ^ 0x80, 0x0A):
            if changed == raw[at]:
                continue
            tampered = raw[:at] + bytes([changed]) + raw[at + 1 :]
            with pytest.raises(EvidenceRefused):
                open_checkpoint(tampered, KEYS, origin=ORIGIN)


def test_a_byte_left_out_of_or_added_to_a_checkpoint_is_found():
    raw = NOTE.encode()
    for at in range(len(raw)):
        with pytest.raises(EvidenceRefused):
            open_checkpoint(raw[:at] + raw[at + 1 :], KEYS, origin=ORIGIN)
    with pytest.raises(EvidenceRefused):
        open_checkpoint(raw + b"\n", KEYS, origin=ORIGIN)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\n\n", b"text\n", b"\xff\n\n", b"a\x00b\n\n", b"x" * 70_000, b"text\n\nno dash\n"],
)
def test_what_is_no_note_is_refused(raw):
    with pytest.raises(EvidenceRefused):
        parse_note(raw)


def test_a_note_with_too_many_signatures_is_refused():
    text, line = "text\n\n", NOTE.splitlines(keepends=True)[-1]
    assert len(parse_note((text + line * 32).encode()).signatures) == 32
    with pytest.raises(EvidenceRefused):
        parse_note((text + line * 33).encode())


@pytest.mark.parametrize(
    "text",
    [
        "origin\n3\n",
        "origin\n03\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n-3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n9999999999999999999\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n3\nAAAA\n",
        "\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "origin\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "origin\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n",
    ],
)
def test_a_malformed_checkpoint_text_is_refused(text):
    with pytest.raises(EvidenceRefused):
        parse_checkpoint(text)


def test_extension_lines_are_read_over():
    text = "origin\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nmore\n"
    assert parse_checkpoint(text).tree_size == 3


def test_base64_with_spare_bits_is_refused():
    assert from_base64("AAA=") == b"\x00\x00"
    with pytest.raises(EvidenceRefused):
        from_base64("AAB=")


def test_a_text_without_its_newline_is_a_fault_of_ours():
    with pytest.raises(ValueError, match="newline"):
        sign_note("text", [log_keys().checkpoint])
