"""The committed vectors: made by the script beside them, and decided as they say."""

import base64
import json
from pathlib import Path

import pytest
from counterfoil_verify import canonical, merkle, proofs, receipts, signed_requests
from counterfoil_verify.bundle.steps import check_bundle
from counterfoil_verify.container import Container
from counterfoil_verify.errors import Rejected
from counterfoil_verify.keys import parse_keyring
from counterfoil_verify.leaves import parse_leaf
from counterfoil_verify.log.audit import Audit, read_checkpoint
from counterfoil_verify.log.sources import FolderSource
from counterfoil_verify.merkle import Head
from counterfoil_verify.money import credit_notes, invoices, statements
from counterfoil_verify.notes import open_checkpoint
from counterfoil_verify.report import Report
from counterfoil_verify.signed_parameters import check_parameters

from tests.vectors import make_vectors

FOLDER = Path(make_vectors.__file__).parent


def load(name):
    return json.loads((FOLDER / name).read_text(encoding="ascii"))


def rejected(name):
    return [pytest.param(case, id=case["name"]) for case in load(name)["rejected"]]


def keyring(vectors):
    return parse_keyring(json.dumps(vectors["keys"]).encode(), "vectors")


def decode(text):
    return base64.b64decode(text, validate=True)


def test_the_committed_vectors_are_what_the_script_makes():
    for name, vectors in make_vectors.all_vectors().items():
        assert (FOLDER / name).read_text(encoding="ascii") == make_vectors.text_of(vectors), name


def test_canonical_bytes_are_accepted_and_encode_back():
    for text in load("canonical.json")["accepted"]:
        data = text.encode()
        assert canonical.encode(canonical.parse(data, bytes_max=1000)) == data


@pytest.mark.parametrize("text", load("canonical.json")["rejected"])
def test_other_bytes_of_the_same_value_are_refused(text):
    with pytest.raises(Rejected):
        canonical.parse(decode(text), bytes_max=1_000_000)


def test_the_tree_vectors_hold():
    tree = load("tree.json")
    leaves = [merkle.leaf_hash(decode(entry)) for entry in tree["entries"]]
    roots = [decode(root) for root in tree["roots"]]
    assert leaves == [decode(leaf) for leaf in tree["leaf_hashes"]]
    assert roots[0] == merkle.EMPTY_ROOT
    for case in tree["inclusion"]:
        path, size = [decode(node) for node in case["path"]], case["tree_size"]
        merkle.check_inclusion(leaves[case["index"]], case["index"], path, Head(size, roots[size]))
    for case in tree["consistency"]:
        first, second = (Head(size, roots[size]) for size in (case["from"], case["to"]))
        merkle.check_consistency(first, second, [decode(node) for node in case["path"]])


@pytest.mark.parametrize("case", load("checkpoints.json")["accepted"])
def test_signed_checkpoints_open(case):
    checkpoint = open_checkpoint(case["note"].encode(), keyring(load("checkpoints.json")))
    assert checkpoint.head.tree_size == case["tree_size"]
    assert list(checkpoint.witnesses) == case["witnesses"]


@pytest.mark.parametrize("case", rejected("checkpoints.json"))
def test_faulty_checkpoints_are_rejected(case):
    with pytest.raises(Rejected) as failure:
        open_checkpoint(case["note"].encode(), keyring(load("checkpoints.json")))
    assert failure.value.step == "checkpoint"


def check_receipt(data, keys):
    receipt = receipts.parse_receipt(data)
    receipts.check_signature(receipt, keys)
    receipts.check_detail(receipt)
    return receipt


def test_receipts_are_accepted_as_json_and_as_header():
    vectors = load("receipts.json")
    for case in vectors["accepted"]:
        for data in (case["receipt"].encode(), case["header"].encode()):
            receipt = check_receipt(data, keyring(vectors))
            assert receipt.call.leaf.hash.hex() == case["leaf_hash"]
            receipts.check_body(receipt, decode(case["body"]))
        proof = proofs.parse_proof(case["proof"].encode())
        proofs.check_proof(proof, receipt.call.leaf.hash, keyring(vectors))


def test_an_erased_receipt_keeps_its_signature_and_opens_nothing():
    vectors = load("receipts.json")
    receipt = check_receipt(vectors["erased"].encode(), keyring(vectors))
    assert receipt.is_erased
    with pytest.raises(Rejected) as failure:
        receipts.check_body(receipt, decode(vectors["accepted"][0]["body"]))
    assert failure.value.step == "body"


@pytest.mark.parametrize("case", rejected("receipts.json"))
def test_faulty_receipts_are_rejected_at_their_step(case):
    with pytest.raises(Rejected) as failure:
        check_receipt(case["receipt"].encode(), keyring(load("receipts.json")))
    assert failure.value.step == case["step"]


def test_proofs_are_accepted_under_any_signed_size():
    vectors = load("proofs.json")
    leaf = parse_leaf(decode(vectors["entry"]))
    for text in vectors["accepted"]:
        proofs.check_proof(proofs.parse_proof(text.encode()), leaf.hash, keyring(vectors))


@pytest.mark.parametrize("case", rejected("proofs.json"))
def test_faulty_proofs_are_rejected_at_their_step(case):
    vectors = load("proofs.json")
    leaf = parse_leaf(decode(vectors["entry"]))
    with pytest.raises(Rejected) as failure:
        proofs.check_proof(proofs.parse_proof(case["proof"].encode()), leaf.hash, keyring(vectors))
    assert failure.value.step == case["step"]


def check_invoice(data, keys):
    evidence = invoices.parse_invoice(data)
    checkpoint = open_checkpoint(evidence.checkpoint, keys)
    invoices.check_signature(evidence, keys, checkpoint.origin)
    invoices.check_inclusions(evidence, checkpoint.head)
    invoices.check_lanes(evidence)
    return invoices.check_sums(evidence)


def test_invoices_are_accepted_with_their_total():
    vectors = load("invoices.json")
    for case in vectors["accepted"]:
        total = check_invoice(case["invoice"].encode(), keyring(vectors))
        assert total == case["total_amount"]


@pytest.mark.parametrize("case", rejected("invoices.json"))
def test_faulty_invoices_are_rejected_at_their_step(case):
    with pytest.raises(Rejected) as failure:
        check_invoice(case["invoice"].encode(), keyring(load("invoices.json")))
    assert failure.value.step == case["step"]


def check_credit_note(data, keys):
    evidence = credit_notes.parse_credit_note(data)
    checkpoint = open_checkpoint(evidence.checkpoint, keys)
    credit_notes.check_signature(evidence, keys, checkpoint.origin)
    credit_notes.check_inclusions(evidence, checkpoint.head)
    credit_notes.check_credits(evidence)
    credit_notes.check_note(evidence)
    return credit_notes.check_sums(evidence)


def test_credit_notes_are_accepted_with_their_amount():
    vectors = load("credits.json")
    for case in vectors["accepted"]:
        amount = check_credit_note(case["credit_note"].encode(), keyring(vectors))
        assert amount == case["amount"]


@pytest.mark.parametrize("case", rejected("credits.json"))
def test_faulty_credit_notes_are_rejected_at_their_step(case):
    with pytest.raises(Rejected) as failure:
        check_credit_note(case["credit_note"].encode(), keyring(load("credits.json")))
    assert failure.value.step == case["step"]


def check_signed_request(case, keys):
    request = signed_requests.parse_signed_request(case["signed_request"].encode())
    receipt = receipts.parse_receipt(case["receipt"].encode())
    receipts.check_signature(receipt, keys)
    signed_requests.check_signature(request, keys.buyers)
    signed_requests.check_request(request, receipt)
    check_parameters(request, receipt)
    signed_requests.check_commitment(request, receipt)


def test_signed_requests_are_accepted():
    vectors = load("signed_requests.json")
    for case in vectors["accepted"]:
        check_signed_request(case, keyring(vectors))


@pytest.mark.parametrize("case", rejected("signed_requests.json"))
def test_faulty_signed_requests_are_rejected_at_their_step(case):
    with pytest.raises(Rejected) as failure:
        check_signed_request(case, keyring(load("signed_requests.json")))
    assert failure.value.step == case["step"]


def check_statement(data, keys):
    evidence = statements.parse_statement(data)
    checkpoint = open_checkpoint(evidence.checkpoint, keys)
    statements.check_signature(evidence, keys, checkpoint.origin)
    statements.check_leaf(evidence, checkpoint.head)
    statements.check_statement(evidence)
    return statements.check_sums(evidence, statements.check_rows(evidence))


def test_statements_and_their_rows_are_accepted_with_their_totals():
    vectors = load("statements.json")
    for case in vectors["accepted"]:
        totals = check_statement(case["statement"].encode(), keyring(vectors))
        assert list(totals) == case["totals"]


@pytest.mark.parametrize("case", rejected("statements.json"))
def test_faulty_statements_are_rejected_at_their_step(case):
    with pytest.raises(Rejected) as failure:
        check_statement(case["statement"].encode(), keyring(load("statements.json")))
    assert failure.value.step == case["step"]


def audit(files, desk, keys):
    source = FolderSource(desk.lay_out({name: decode(text) for name, text in files.items()}))
    return Audit(source, read_checkpoint(source, keys).head).run()


@pytest.mark.parametrize("files", load("logs.json")["accepted"])
def test_whole_logs_are_accepted(files, desk):
    facts = audit(files, desk, keyring(load("logs.json")))
    assert facts.types["call"] > 0


@pytest.mark.parametrize("case", rejected("logs.json"))
def test_faulty_logs_are_rejected_at_their_step(case, desk):
    with pytest.raises(Rejected) as failure:
        audit(case["files"], desk, keyring(load("logs.json")))
    assert failure.value.step == case["step"]
    assert not failure.value.reason.startswith("tile")


def check_whole_bundle(text, capsys_out):
    check_bundle(
        Container(decode(text)), keyring(load("bundles.json")), Report("bundle", capsys_out)
    )


def test_bundles_are_accepted(tmp_path):
    with (tmp_path / "out").open("w", encoding="utf-8") as out:
        for text in load("bundles.json")["accepted"]:
            check_whole_bundle(text, out)


@pytest.mark.parametrize("case", rejected("bundles.json"))
def test_faulty_bundles_are_rejected_at_their_step(case, tmp_path):
    with (tmp_path / "out").open("w", encoding="utf-8") as out, pytest.raises(Rejected) as failure:
        check_whole_bundle(case["bundle"], out)
    assert failure.value.step == case["step"]
