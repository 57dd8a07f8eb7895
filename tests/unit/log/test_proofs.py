"""Ledger proofs as text."""

import pytest

from app.core.canonical import base64_text
from ledger.log.errors import EvidenceRefused
from ledger.log.tree.checkpoints import Checkpoint, sign_checkpoint
from ledger.log.tree.merkle import leaf_hash, make_inclusion_proof, tree_hash
from ledger.log.tree.notes import key_of
from ledger.log.tree.proofs import LedgerProof
from ledger.log.tree.tiles import grow, node_reader
from tests.factories.ledger_proofs import check_ledger_proof, parse_ledger_proof
from tests.unit.log.log_factory import ORIGIN, log_keys

LEAVES = [leaf_hash(str(n).encode()) for n in range(7)]
KEYS = [key_of(log_keys().checkpoint)]


def proof_of(index):
    tiles = grow({}, 0, LEAVES).tiles
    read = node_reader(lambda _addresses: tiles)
    head = Checkpoint(ORIGIN, 7, tree_hash(LEAVES))
    note = sign_checkpoint(head, [log_keys().checkpoint])
    return LedgerProof(index, tuple(make_inclusion_proof(read, index, 7)), note)


def check(raw, leaf):
    return check_ledger_proof(parse_ledger_proof(raw), leaf, KEYS, origin=ORIGIN)


def test_the_text_has_the_specified_lines():
    proof = proof_of(3)
    lines = proof.text.split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 3"]
    assert lines[2:5] == [base64_text(item) for item in proof.path]
    assert lines[5] == ""
    assert proof.text.endswith(proof.checkpoint)


def test_a_proof_reads_back_as_itself_and_holds():
    for index, leaf in enumerate(LEAVES):
        proof = proof_of(index)
        assert parse_ledger_proof(proof.text.encode()) == proof
        assert check(proof.text.encode(), leaf).tree_size == 7


def test_a_proof_holds_for_its_own_leaf_only():
    for other in LEAVES[:3] + LEAVES[4:]:
        with pytest.raises(EvidenceRefused):
            check(proof_of(3).text.encode(), other)


def test_every_changed_byte_of_a_proof_is_found():
    raw = proof_of(3).text.encode()
    for at in range(len(raw)):
        tampered = raw[:at] + bytes([raw[at] ^ 0x01]) + raw[at + 1 :]
        with pytest.raises(EvidenceRefused):
            check(tampered, LEAVES[3])
