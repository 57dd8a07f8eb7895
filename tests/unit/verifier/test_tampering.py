"""Every byte counts: one changed byte anywhere is found, and the step is named."""

import io
import json
from collections import Counter

import pytest
from counterfoil_verify import acknowledgements, proofs, receipts, signed_reports, signed_requests
from counterfoil_verify.bundle import steps as bundles
from counterfoil_verify.canonical import encode
from counterfoil_verify.container import Container
from counterfoil_verify.errors import Rejected
from counterfoil_verify.keys import named_key, parse_keyring
from counterfoil_verify.leaves import parse_leaf
from counterfoil_verify.log.audit import read_checkpoint
from counterfoil_verify.log.shards import Shard, audit_shards, first_leaf
from counterfoil_verify.money import invoices, statements
from counterfoil_verify.notes import open_checkpoint
from counterfoil_verify.report import Report

from tests.unit.verifier.test_signed_requests import KEY, NAME, VKEY, make_request, signed_call
from tests.unit.verifier.test_vectors import check_credit_note
from tests.vectors.credit_vectors import desk as credit_desk
from tests.vectors.exchange import Exchange, pack
from tests.vectors.statement_vectors import StatementDesk

PATTERNS = (0x01, 0x80)
KEYS = parse_keyring(Exchange().keys, "test")


def flips(data, stride=1, patterns=PATTERNS):
    for position in range(0, len(data), stride):
        for pattern in patterns:
            changed = bytearray(data)
            changed[position] ^= pattern
            yield position, bytes(changed)


def assert_every_flip_is_rejected(data, check, stride=1):
    check(data)
    for position, changed in flips(data, stride):
        with pytest.raises(Rejected) as failure:
            check(changed)
        assert failure.value.step, position


@pytest.fixture
def call(exchange):
    return exchange.lanes["lic_a"][0].calls[1]


def check_receipt(data):
    receipt = receipts.parse_receipt(data)
    receipts.check_signature(receipt, KEYS)
    receipts.check_detail(receipt)


def check_invoice(data):
    evidence = invoices.parse_invoice(data)
    checkpoint = open_checkpoint(evidence.checkpoint, KEYS)
    invoices.check_signature(evidence, KEYS, checkpoint.origin)
    invoices.check_inclusions(evidence, checkpoint.head)
    invoices.check_lanes(evidence)
    invoices.check_sums(evidence)


def check_bundle(data, keys=KEYS):
    bundles.check_bundle(Container(data), keys, Report("bundle", io.StringIO()))


def test_every_byte_of_a_receipt_counts(exchange, call):
    assert_every_flip_is_rejected(exchange.receipt(call), check_receipt)


def test_every_byte_of_a_response_body_counts(exchange, call):
    receipt = receipts.parse_receipt(exchange.receipt(call))
    assert_every_flip_is_rejected(call["body"], lambda body: receipts.check_body(receipt, body))


def test_every_byte_of_a_proof_counts(exchange, call):
    leaf = parse_leaf(exchange.entries[call["index"]]).hash

    def check(data):
        proofs.check_proof(proofs.parse_proof(data), leaf, KEYS)

    assert_every_flip_is_rejected(exchange.proof(call["index"]), check)


def test_every_byte_of_a_checkpoint_counts(exchange):
    assert_every_flip_is_rejected(exchange.checkpoint(), lambda data: open_checkpoint(data, KEYS))


def test_every_byte_of_an_invoice_counts(exchange):
    assert_every_flip_is_rejected(exchange.invoice("lic_a"), check_invoice)


def check_statement(data):
    evidence = statements.parse_statement(data)
    checkpoint = open_checkpoint(evidence.checkpoint, KEYS)
    statements.check_signature(evidence, KEYS, checkpoint.origin)
    statements.check_leaf(evidence, checkpoint.head)
    statements.check_statement(evidence)
    statements.check_sums(evidence, statements.check_rows(evidence))


def test_every_byte_of_a_statement_counts():
    assert_every_flip_is_rejected(StatementDesk().whole().encode(), check_statement)


def test_every_byte_of_a_statement_s_row_counts():
    assert_every_flip_is_rejected(StatementDesk().row("lic_b").encode(), check_statement)


def test_every_byte_of_a_credit_note_counts():
    desk = credit_desk()
    keys = parse_keyring(desk.exchange.keys, "test")

    def check(data):
        check_credit_note(data, keys)

    assert_every_flip_is_rejected(desk.evidence(2).encode(), check)


def test_every_byte_of_an_acknowledgement_counts():
    lane = acknowledgements.AcknowledgedLane(1, 7, 9, 360_000_000, b"l" * 32)
    signed = acknowledgements.sign_acknowledgement(
        "lic_a", [lane], at="2026-11-20T08:00:00.000000Z", name=NAME, key=KEY
    )

    def check(data):
        found = acknowledgements.parse_acknowledgement(data)
        acknowledgements.check_acknowledgement(found, [VKEY])

    assert_every_flip_is_rejected(signed, check)


def test_every_byte_of_a_signed_request_counts(exchange):
    made, request = signed_call(exchange, exchange.open_lane("lic_a"))
    receipt = receipts.parse_receipt(exchange.receipt(made))

    def check(data):
        found = signed_requests.parse_signed_request(data)
        signed_requests.check_signature(found, [VKEY])
        signed_requests.check_request(found, receipt)
        signed_requests.check_commitment(found, receipt)

    assert_every_flip_is_rejected(encode(request), check)


def test_every_byte_of_a_signed_report_and_of_its_signature_counts():
    report, name = (
        b'{"passed":true,"steps":[{"name":"root","ok":true}]}\n',
        "auditor.example/reports",
    )
    signature = signed_reports.sign_report(report, name=name, key=KEY)
    auditor = named_key(name, KEY)

    def check(data, about):
        found = signed_reports.parse_report_signature(about)
        signed_reports.check_report(data, found, auditor)

    assert_every_flip_is_rejected(report, lambda data: check(data, signature))
    assert_every_flip_is_rejected(signature, lambda about: check(report, about))


def small_bundle():
    exchange = Exchange()
    exchange.open_shard()
    lane = exchange.open_lane("lic_a")
    exchange.call(lane)
    exchange.call(lane)
    return exchange, exchange.bundle_files("lic_a")


def test_every_byte_of_a_bundle_counts():
    exchange, files = small_bundle()
    data = exchange.bundle(files)
    check_bundle(data)
    for position, changed in flips(data, patterns=(0x01,)):
        with pytest.raises(Rejected) as failure:
            Container(changed)
        assert failure.value.step == "container", position


def signed_members(exchange, files):
    container = Container(exchange.bundle(files))
    return {name: container.read(name, 1 << 20) for name in container}


def test_a_byte_changed_with_a_right_checksum_is_still_found():
    """Whoever rewrites the zip file around the change does not have the statement key."""
    exchange, files = small_bundle()
    members = signed_members(exchange, files)
    for name, data in members.items():
        for _, changed in flips(data, stride=max(1, len(data) // 25), patterns=(0x01,)):
            with pytest.raises(Rejected) as failure:
                check_bundle(pack({**members, name: changed}))
            assert failure.value.step in {"keys", "manifest", "files"}


@pytest.mark.parametrize(
    ("folder", "steps"),
    [
        ("checkpoint.txt", {"checkpoint"}),
        ("receipts/", {"receipts"}),
        ("proofs/", {"inclusion"}),
        ("invoices/", {"invoices"}),
        ("anchors.json", {"anchors", "log"}),
        ("consistency.json", {"anchors"}),
        ("tile/", {"log"}),
    ],
)
def test_even_the_holder_of_the_statement_key_cannot_change_the_rest(folder, steps):
    exchange, files = small_bundle()
    for name in [name for name in files if name.startswith(folder)]:
        data = files[name]
        for position, changed in flips(data, stride=max(1, len(data) // 60), patterns=(0x01,)):
            if folder == "anchors.json" and not in_head(data, position):
                continue
            with pytest.raises(Rejected) as failure:
                check_bundle(exchange.bundle({**files, name: changed}))
            assert failure.value.step in steps


def in_head(data, position):
    """What of an anchor is tied to the log; the rest only the chain can confirm."""
    start = data.index(b'"root_hash"')
    return start <= position < data.index(b'"status"')


def test_nor_what_buyers_signed(exchange):
    lane = exchange.open_lane("lic_s")
    _, request = signed_call(exchange, lane, make_request(exchange.now, licence="lic_s"))
    files = exchange.bundle_files("lic_s", has_log=False)
    name = "signed-requests/lic_s-1-1.json"
    data = encode(request)
    check_bundle(exchange.bundle({**files, name: data}))
    for _, changed in flips(data, stride=7, patterns=(0x01,)):
        with pytest.raises(Rejected) as failure:
            check_bundle(exchange.bundle({**files, name: changed}))
        assert failure.value.step == "receipts"


def test_a_file_added_or_removed_is_found():
    exchange, files = small_bundle()
    members = signed_members(exchange, files)
    with pytest.raises(Rejected) as failure:
        check_bundle(pack({**members, "receipts/more.json": b"{}"}))
    assert failure.value.step == "files"
    del members["anchors.json"]
    with pytest.raises(Rejected) as failure:
        check_bundle(pack(members))
    assert failure.value.step == "files"


def test_a_bundle_of_a_foreign_exchange_fails_against_the_trusted_keys():
    foreign = Exchange(seed="foreign")
    foreign.open_shard()
    lane = foreign.open_lane("lic_a")
    foreign.call(lane)
    data = foreign.bundle(foreign.bundle_files("lic_a"))
    check_bundle(data, keys=None)
    with pytest.raises(Rejected) as failure:
        check_bundle(data)
    assert failure.value.step == "manifest"


class FilesSource:
    """A log's files in memory."""

    is_remote = False

    def __init__(self, files):
        self.files = files

    def read(self, name, _bytes_max):
        return self.files.get(name)


def audit(files, keys=KEYS):
    source = FilesSource(files)
    checkpoint = read_checkpoint(source, keys)
    return audit_shards([Shard(source, checkpoint, first_leaf(source, checkpoint))])


STEPS_OF = {
    "checkpoint": {"checkpoint"},
    "tile/0": {"tiles"},
    "tile/entries": {"entries", "tiles", "lanes"},
}
"""Where a changed byte is found; the tiles, rebuilt from the leaves, are compared at the end."""


def five_leaves():
    exchange = Exchange()
    exchange.append("listed", listing="airports")
    lane = exchange.open_lane("lic_a")
    exchange.call(lane)
    exchange.call(lane)
    exchange.append("licence_revoked", licence="lic_a")
    return exchange


def test_every_byte_of_an_exported_log_counts():
    """Exhaustive: each byte of each file, with two patterns, and each at a step of its own."""
    exchange = five_leaves()
    files = exchange.export()
    assert audit(files).leaves == len(exchange.entries)
    found = {folder: Counter() for folder in STEPS_OF}
    for name, data in files.items():
        folder = name.rpartition("/")[0].removesuffix("/000.p") or name
        for position, changed in flips(data):
            with pytest.raises(Rejected) as failure:
                audit({**files, name: changed})
            found[folder][failure.value.step] += 1
            assert failure.value.reason, (name, position)
    assert {folder: set(steps) for folder, steps in found.items()} == STEPS_OF
    total = sum(sum(steps.values()) for steps in found.values())
    assert total == len(PATTERNS) * sum(len(data) for data in files.values())


def test_every_byte_of_an_exported_log_counts_even_when_the_tiles_are_made_to_fit():
    """Whoever rewrites the tiles around a changed leaf still does not have the signed root."""
    exchange = five_leaves()
    for index, entry in enumerate(exchange.entries):
        for position, changed in flips(entry, patterns=(0x01,)):
            other = Exchange()
            other.entries = [*exchange.entries[:index], changed, *exchange.entries[index + 1 :]]
            files = other.export() | {"checkpoint": exchange.checkpoint()}
            with pytest.raises(Rejected) as failure:
                audit(files)
            assert failure.value.step in {"entries", "lanes", "root"}, position


def test_the_log_command_names_the_step_of_a_changed_byte(desk, exchange):
    files = exchange.export()
    for name, data in files.items():
        changed = bytearray(data)
        changed[len(data) // 2] ^= 1
        outcome = desk.run("log", desk.lay_out({**files, name: bytes(changed)}))
        assert outcome.code == 1
        assert outcome.step in {"checkpoint", "entries", "tiles", "lanes", "revocations"}


def test_the_commands_name_the_step_of_a_changed_byte(desk, exchange, call):
    receipt = bytearray(exchange.receipt(call))
    receipt[-10] ^= 1
    outcome = desk.run("receipt", desk.put("receipt.json", bytes(receipt)))
    assert outcome.code == 1
    assert outcome.step == "signature"
    assert "REJECTED at signature" in outcome.output
    assert json.dumps(outcome.report["passed"]) == "false"
