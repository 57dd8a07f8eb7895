"""Implementations that are not ours accept our log, and refuse it when it is changed."""

import base64
import json

import metamorphic_log
import pytest
from counterfoil_verify.cli import main as verify
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pymerkle import InmemoryTree
from scitt_cose import merkle as scitt
from scitt_cose import verify_receipt
from sigstore._internal.rekor.checkpoint import LogCheckpoint, SignedNote

from app.core.reach import Reach
from ledger.log.bundle_services import export_log
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.storage import shard_heads
from ledger.log.tree.cose_receipts import make_cose_receipt
from ledger.log.tree.merkle import leaf_hash
from ledger.log.tree.notes import from_base64, key_of
from ledger.log.tree_queries import get_consistency, get_ledger_proof, load_entries
from tests.factories.ledger_proofs import parse_ledger_proof
from tests.unit.log.log_app import FixedSources
from tests.unit.log.log_factory import ORIGIN, append_facts, log_keys

KEYS = log_keys()
VKEYS = [key_of(KEYS.checkpoint).text]
SIZES = (1, 2, 255, 256, 257, 700)


class Served:
    """A log as its readers get it: checkpoints, entries, proofs as text."""

    def __init__(self, units):
        self.units, sequencer = units, Sequencer(units, KEYS)
        self.notes: dict[int, str] = {}
        sequencer.step()  # the shard's opening leaf
        for size in SIZES:
            grown_from = max(self.notes, default=1)
            append_facts(units, size - grown_from)
            sequencer.step()
            with units.begin(Reach.EXCHANGE) as uow:
                shard = shard_heads.get_head(uow.session, ORIGIN).shard
                self.entries = load_entries(uow.session, shard, 0, size + 1)
            self.notes[size] = self.proof(0).checkpoint

    def proof(self, index):
        with self.units.begin(Reach.EXCHANGE) as uow:
            leaf = leaf_hash(self.entries[index]).hex()
            text = get_ledger_proof(uow.session, leaf).text
        return parse_ledger_proof(text.encode())

    def consistency(self, first, second):
        with self.units.begin(Reach.PUBLIC) as uow:
            return get_consistency(uow.session, ORIGIN, first, second)


@pytest.fixture
def served(units):
    return Served(units)


def test_metamorphic_log_accepts_checkpoints_inclusion_and_consistency(served):
    newest = served.notes[700]
    head = metamorphic_log.checkpoint_verify(newest, VKEYS)
    assert (head.origin, head.size) == (ORIGIN, 700)
    for index in (0, 1, 255, 256, 511, 512, 698, 699):
        proof = served.proof(index)
        leaf = leaf_hash(served.entries[index])
        path = list(proof.path)
        metamorphic_log.checkpoint_verify_inclusion(newest, VKEYS, index, leaf, path)
        with pytest.raises(metamorphic_log.VerifyError):
            metamorphic_log.checkpoint_verify_inclusion(newest, VKEYS, index ^ 1, leaf, path)
    for first in SIZES[:-1]:
        hashes = [from_base64(item) for item in served.consistency(first, 700)["hashes"]]
        metamorphic_log.checkpoint_verify_consistency(served.notes[first], newest, VKEYS, hashes)


def test_metamorphic_log_refuses_a_checkpoint_with_another_size(served):
    with pytest.raises(metamorphic_log.VerifyError):
        metamorphic_log.checkpoint_verify(served.notes[700].replace("\n700\n", "\n701\n"), VKEYS)


def test_scitt_cose_accepts_roots_inclusion_and_consistency(served):
    entries = [entry.hex() for entry in served.entries]
    for first in SIZES:
        proof = served.consistency(first, 700)
        first_root, root = (from_base64(proof[name]).hex() for name in ("from_root", "to_root"))
        assert scitt.merkle_root(entries[:first]) == first_root
        hashes = [from_base64(item).hex() for item in proof["hashes"]]
        assert scitt.verify_consistency(first_root, root, first, 700, hashes)
        assert not scitt.verify_consistency(root, first_root, first, 700, hashes) or first == 700
    root = scitt.merkle_root(entries)
    for index in (0, 256, 699):
        path = [item.hex() for item in served.proof(index).path]
        assert scitt.verify_inclusion(entries[index], index, 700, path, root)
        assert not scitt.verify_inclusion(entries[index - 1], index, 700, path, root)


def pem_of(signer):
    public = Ed25519PublicKey.from_public_bytes(signer.public_key)
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("index", [0, 1, 255, 256, 698, 699])
def test_scitt_cose_accepts_our_receipts_of_rfc_9942_and_no_changed_byte_of_one(served, index):
    entry = served.entries[index].hex()
    receipt = make_cose_receipt(served.proof(index), KEYS.checkpoint)
    told = verify_receipt(receipt, leaf_entry_hex=entry, log_public_key_pem=pem_of(KEYS.checkpoint))
    assert told.ok, told.errors
    other = served.entries[index ^ 1].hex()
    for position in range(0, len(receipt), 5):
        changed = bytearray(receipt)
        changed[position] ^= 1
        for given, of in ((bytes(changed), entry), (receipt, other)):
            refused = verify_receipt(
                given, leaf_entry_hex=of, log_public_key_pem=pem_of(KEYS.checkpoint)
            )
            assert not refused.ok, position
    foreign = verify_receipt(
        receipt, leaf_entry_hex=entry, log_public_key_pem=pem_of(KEYS.receipts)
    )
    assert foreign.failed_at == "signature"


def test_sigstore_reads_our_notes(served):
    """Its reader of Rekor's notes shares no code with the others: a fourth opinion on the form."""
    note = SignedNote.from_text(served.notes[700])
    head = LogCheckpoint.from_text(note.note)
    assert (head.origin, head.log_size) == (ORIGIN, 700)
    assert bytes.fromhex(head.log_hash) == from_base64(served.consistency(1, 700)["to_root"])
    (signature,) = note.signatures
    key = key_of(KEYS.checkpoint)
    assert (signature.name, signature.sig_hash) == (ORIGIN, key.key_hash)
    public = Ed25519PublicKey.from_public_bytes(key.public_key)
    public.verify(base64.b64decode(signature.signature), note.note.encode())


def test_pymerkle_comes_to_the_same_roots(served):
    tree = InmemoryTree(algorithm="sha256")
    tree.append_entries(served.entries)
    for size in SIZES:
        assert tree.get_root(size) == from_base64(served.consistency(size, 700)["from_root"])


@pytest.fixture
def exported(served, tmp_path):
    """The whole log and its keys as files, as an auditor has them."""
    with served.units.begin(Reach.EXCHANGE) as uow:
        bundle = export_log(uow, keys=KEYS, anchors=FixedSources())
    keys, archive = tmp_path / "keys.json", tmp_path / "log.zip"
    keys.write_text(json.dumps(KEYS.vkeys))
    archive.write_bytes(bundle.data)
    return str(archive), str(keys)


@pytest.mark.parametrize("command", ["log", "bundle"])
def test_the_independent_verifier_accepts_the_exported_log(exported, command):
    archive, keys = exported
    assert verify([command, archive, "--keys", keys]) == 0


def test_the_independent_verifier_refuses_the_log_under_other_keys(exported, tmp_path):
    other = tmp_path / "other.json"
    other.write_text(json.dumps(log_keys("other.example/log/2026").vkeys))
    assert verify(["log", exported[0], "--keys", str(other)]) == 1
