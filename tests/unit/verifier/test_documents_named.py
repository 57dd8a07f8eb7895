"""A file in hand is the one that an entry of the log names, to the byte and to the day."""

import base64
import datetime as dt
import json
from pathlib import Path

import pytest
from counterfoil_verify import documents, proofs
from counterfoil_verify.errors import Rejected
from counterfoil_verify.keys import parse_keyring
from counterfoil_verify.leaves import parse_leaf

from tests.unit.verifier.test_tampering import assert_every_flip_is_rejected
from tests.vectors import make_vectors
from tests.vectors.document_vectors import CONTRACT, evidence_log
from tests.vectors.primitives import canonical, hash_leaf

VECTORS = json.loads(
    (Path(make_vectors.__file__).parent / "documents.json").read_text(encoding="ascii")
)
EXCHANGE, CONTRACT_AT, ENDLESS_AT, _ = evidence_log()
ENTRY, PROOF = EXCHANGE.entries[CONTRACT_AT], EXCHANGE.proof(CONTRACT_AT)
LEAF = hash_leaf(ENTRY).hex()


def lay(desk, case):
    words = ["document", desk.put("document", base64.b64decode(case["document"]))]
    words += ["--entry", desk.put("entry", base64.b64decode(case["entry"]))]
    words += ["--proof", desk.put("proof", case["proof"].encode())]
    return [*words, *(["--on", case["on"]] if "on" in case else [])]


@pytest.mark.parametrize("case", VECTORS["accepted"])
def test_a_document_in_hand_is_the_one_of_its_entry(desk, case):
    desk.put("keys.json", json.dumps(VECTORS["keys"]).encode())
    outcome = desk.run(*lay(desk, case))
    assert outcome.code == 0, outcome.output
    assert outcome.passed_steps[:5] == ["leaf", "document", "proof", "checkpoint", "inclusion"]


@pytest.mark.parametrize("case", [pytest.param(c, id=c["name"]) for c in VECTORS["rejected"]])
def test_another_document_is_rejected_at_its_step(desk, case):
    desk.put("keys.json", json.dumps(VECTORS["keys"]).encode())
    outcome = desk.run(*lay(desk, case))
    assert (outcome.code, outcome.step) == (1, case["step"])


def check(document, entry, proof, keys, folder):
    (folder / "document").write_bytes(document)
    leaf = parse_leaf(entry)
    documents.check_document(leaf, documents.hash_file(folder / "document"))
    documents.check_validity(leaf, dt.date(2026, 6, 1))
    proofs.check_proof(proofs.parse_proof(proof), leaf.hash, keys)


def test_every_byte_of_document_entry_and_proof_counts(tmp_path):
    keys = parse_keyring(EXCHANGE.keys, "test")
    for data, with_it in (
        (CONTRACT, lambda changed: (changed, ENTRY, PROOF)),
        (ENTRY, lambda changed: (CONTRACT, changed, PROOF)),
        (PROOF, lambda changed: (CONTRACT, ENTRY, changed)),
    ):
        assert_every_flip_is_rejected(
            data, lambda changed, with_it=with_it: check(*with_it(changed), keys, tmp_path)
        )


def sealed(files):
    members = {"keys.json": EXCHANGE.keys, "checkpoint.txt": EXCHANGE.checkpoint(), **files}
    return EXCHANGE.bundle(members)


def of_bundle(desk, files, document=CONTRACT, *more):
    bundle = desk.put("bundle.zip", sealed(files))
    return desk.run("document", desk.put("document", document), "--bundle", bundle, *more)


SHOWN = {f"leaves/{LEAF}.json": ENTRY, f"proofs/{LEAF}.txt": PROOF}


def test_a_bundle_is_searched_for_the_entry_that_names_the_file(desk):
    outcome = of_bundle(desk, SHOWN, CONTRACT, "--on", "2026-06-01")
    assert outcome.code == 0, outcome.output
    assert outcome.report["facts"]["entry"]["kind"] == "PURCHASE_CONTRACT"
    assert outcome.passed_steps[-2:] == ["document", "validity"]
    assert "2026-01-01 to 2026-12-31" in outcome.output


def test_a_file_that_no_entry_of_the_bundle_names_is_told_so(desk):
    outcome = of_bundle(desk, SHOWN, b"another contract")
    assert (outcome.code, outcome.step) == (1, "document")
    assert "none of 1 entries" in outcome.output


def test_a_leaf_without_proof_names_nothing_yet(desk):
    outcome = of_bundle(desk, {f"leaves/{LEAF}.json": ENTRY})
    assert (outcome.code, outcome.step) == (1, "document")
    assert "1 leaves, 1 of them without proof" in outcome.output


def test_a_leaf_under_another_s_name_is_rejected(desk):
    """The statement key alone signs a bundle: what it shows as a leaf must be the proven one."""
    other = ENTRY.replace(b"PURCHASE", b"POSSIBLE")
    outcome = of_bundle(desk, SHOWN | {f"leaves/{LEAF}.json": other})
    assert (outcome.code, outcome.step) == (1, "inclusion")
    outcome = of_bundle(desk, SHOWN | {f"leaves/{LEAF}.json": ENTRY + b"\n"})
    assert (outcome.code, outcome.step) == (1, "inclusion")


def test_an_entry_as_the_exchange_shows_it_will_do(desk):
    shown = {"leaf_hash": LEAF, "type": "evidence", "leaf": json.loads(ENTRY)}
    words = ["document", desk.put("document", CONTRACT), "--proof", desk.put("proof", PROOF)]
    path = desk.put("entry.json", json.dumps(shown, indent=1).encode())
    assert desk.run(*words, "--entry", path).code == 0
    shown["leaf"]["kind"] = "OTHER"
    path = desk.put("entry.json", canonical(shown))
    outcome = desk.run(*words, "--entry", path)
    assert (outcome.code, outcome.step) == (1, "leaf")


def test_what_is_missing_is_asked_for(desk):
    document = desk.put("document", CONTRACT)
    assert desk.run("document", document).code == 3
    entry, proof = desk.put("entry", ENTRY), desk.put("proof", PROOF)
    gone = desk.run("document", desk.folder / "gone", "--entry", entry, "--proof", proof)
    assert gone.code == 3


def test_a_day_out_of_its_form_is_rejected():
    leaf = parse_leaf(ENTRY.replace(b"2026-12-31", b"2026-13-31"))
    with pytest.raises(Rejected) as failure:
        documents.check_validity(leaf, dt.date(2026, 6, 1))
    assert failure.value.step == "validity"
