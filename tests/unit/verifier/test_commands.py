"""The command line: what is asked for, exit codes, contradictions."""

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import counterfoil_verify
import pytest
from counterfoil_verify.cli import main

from tests.vectors.exchange import PRICE, Exchange


@pytest.fixture
def call(exchange):
    return exchange.lanes["lic_a"][0].calls[1]


def test_a_receipt_passes_with_body_and_proof(desk, exchange, call):
    outcome = desk.run(
        "receipt", desk.put("receipt", exchange.receipt(call)),
        "--body", desk.put("body", call["body"]),
        "--proof", desk.put("proof", exchange.proof(call["index"])),
    )  # fmt: skip
    assert outcome.code == 0
    assert outcome.passed_steps == [
        "format", "signature", "commitments", "body", "proof", "checkpoint", "inclusion",
    ]  # fmt: skip


def test_a_receipt_with_another_body_is_rejected_at_the_body(desk, exchange, call):
    receipt = desk.put("receipt", exchange.receipt(call))
    outcome = desk.run("receipt", receipt, "--body", desk.put("body", b"{}"))
    assert (outcome.code, outcome.step) == (1, "body")


def test_a_proof_of_another_log_does_not_keep_the_promise(desk, exchange, call):
    other = Exchange(origin="other.example/log")
    other.entries = exchange.entries
    keys = desk.put("both.json", b'{"checkpoint":["%s","%s"],"receipts":"%s"}' % (
        exchange.checkpoints.vkey.encode(), other.checkpoints.vkey.encode(),
        exchange.receipts.vkey.encode(),
    ))  # fmt: skip
    outcome = desk.run(
        "receipt", desk.put("receipt", exchange.receipt(call)), "--keys", keys,
        "--proof", desk.put("proof", other.proof(call["index"])), keys=False,
    )  # fmt: skip
    assert (outcome.code, outcome.step) == (1, "checkpoint")


@pytest.mark.parametrize("kind", ["leaf", "receipt"])
def test_a_proof_takes_the_leaf_or_its_receipt(desk, exchange, call, kind):
    entries = {"leaf": exchange.entries[call["index"]], "receipt": exchange.receipt(call)}
    entry = desk.put("entry", entries[kind])
    proof = desk.put("proof", exchange.proof(call["index"]))
    assert desk.run("proof", proof, "--entry", entry).code == 0


def test_an_invoice_passes_and_says_what_it_comes_to(desk, exchange):
    outcome = desk.run("invoice", desk.put("invoice", exchange.invoice("lic_a")))
    assert outcome.code == 0
    assert "2.81000000 CNY" in outcome.output


def test_invoice_evidence_is_small_and_does_not_grow_with_the_calls():
    exchange = Exchange()
    lane = exchange.open_lane("lic_a")
    for _ in range(300):
        exchange.call(lane)
    assert len(exchange.invoice("lic_a")) <= 4096


def test_without_keys_nothing_is_checked(desk, exchange, call):
    outcome = desk.run("receipt", desk.put("receipt", exchange.receipt(call)), keys=False)
    assert outcome.code == 3


def test_keys_may_be_given_one_by_one(desk, exchange, call):
    receipt = desk.put("receipt", exchange.receipt(call))
    assert desk.run("receipt", receipt, "--key", exchange.receipts.vkey, keys=False).code == 0


@pytest.mark.parametrize("words", [[], ["receipt"], ["unknown"], ["chain", "--rpc", "x"]])
def test_wrong_use_exits_with_two(words, capsys):
    with pytest.raises(SystemExit) as ending:
        main(words)
    assert ending.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_does_not_pass_silently(desk, exchange, call, capsys):
    receipt = desk.put("receipt", exchange.receipt(call))
    words = ["receipt", receipt, "--keys", desk.folder / "keys.json", "--json", desk.folder]
    assert main([str(word) for word in words]) == 3
    assert "report" in capsys.readouterr().err


def test_it_runs_alone_as_a_module(tmp_path, desk, exchange):
    """In a fresh process, isolated, from another folder, with only its own package in reach."""
    bundle = desk.put("bundle.zip", exchange.bundle(exchange.bundle_files("lic_a")))
    environment = {**os.environ, "PYTHONPATH": str(Path(counterfoil_verify.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-m", "counterfoil_verify", "bundle", bundle],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip().splitlines()[-1]) == (0, "verified")
    assert done.stderr == ""


# Files that other programs have written again


def respelled(data):
    return json.dumps(json.loads(data), indent=2).encode()


def test_a_receipt_or_invoice_written_again_by_another_program_still_passes(desk, exchange, call):
    assert desk.run("receipt", desk.put("receipt", respelled(exchange.receipt(call)))).code == 0
    invoice = exchange.invoice("lic_a")
    assert desk.run("invoice", desk.put("invoice", respelled(invoice))).code == 0
    receipt = exchange.receipt(call)
    assert contradict(desk, respelled(receipt), respelled(invoice)).step == "contradiction"


def test_in_a_bundle_only_the_canonical_spelling_counts(desk, exchange):
    files = exchange.bundle_files("lic_a")
    files["receipts/lic_a-1-1.json"] = respelled(files["receipts/lic_a-1-1.json"])
    outcome = desk.run("bundle", desk.put("bundle.zip", exchange.bundle(files)))
    assert (outcome.code, outcome.step) == (1, "receipts")


def test_a_key_that_stands_twice_is_never_read(desk, exchange, call):
    receipt = exchange.receipt(call)
    doubled = receipt.replace(b'"format":', b'"format":"counterfoil-usage-receipt/0","format":')
    outcome = desk.run("receipt", desk.put("receipt", doubled))
    assert (outcome.code, outcome.step) == (1, "format")


def test_every_byte_of_a_receipt_counts_whatever_its_spelling(desk, exchange, call):
    receipt = exchange.receipt(call)
    for position in range(0, len(receipt), 7):
        changed = bytearray(receipt)
        changed[position] ^= 0x01
        assert desk.run("receipt", desk.put("receipt", bytes(changed))).code == 1


def test_an_erased_detail_record_leaves_the_receipt_valid(desk, exchange, call):
    outcome = desk.run("receipt", desk.put("receipt", exchange.erased_receipt(call)))
    assert outcome.code == 0
    assert "erased" in outcome.output


def test_a_bundle_with_an_erased_call_has_no_gap(desk, exchange, call):
    files = exchange.bundle_files("lic_a")
    files["receipts/lic_a-1-2.json"] = exchange.erased_receipt(call)
    outcome = desk.run("bundle", desk.put("bundle.zip", exchange.bundle(files)))
    assert outcome.code == 0
    assert outcome.report["counts"] == {
        "receipts": 6, "inclusion_proofs": 6, "invoices": 1, "anchors": 1, "leaves": 14,
        "signed": 0, "disputed": 0, "unread_files": 0, "untied_heads": 0,
    }  # fmt: skip


# Contradictions


def contradict(desk, first, second):
    return desk.run("contradiction", desk.put("first", first), desk.put("second", second))


def other_history(exchange, **leaf):
    """The same log up to the last call of lane 1, and then another one."""
    other = Exchange()
    lane = other.open_lane("lic_a")
    return other, other.call(lane, leaf=leaf)


def test_two_leaves_for_one_number_contradict_each_other(desk, exchange):
    first = exchange.lanes["lic_a"][0].calls[0]
    other, call = other_history(exchange, outcome="miss")
    outcome = contradict(desk, exchange.receipt(first), other.receipt(call))
    assert outcome.code == 0
    assert "two contradicting signatures" in outcome.output
    assert "two different leaves" in outcome.report["facts"]["contradiction"]


def test_a_receipt_above_the_closing_number_contradicts_the_invoice(desk, exchange):
    invoice = exchange.invoice("lic_a", ends_at=exchange.now + dt.timedelta(hours=1))
    receipt = exchange.receipt(exchange.call(exchange.lanes["lic_a"][0]))
    for pair in ((receipt, invoice), (invoice, receipt)):
        outcome = contradict(desk, *pair)
        assert outcome.code == 0
        assert "two contradicting signatures" in outcome.output


def test_a_call_still_on_its_way_when_the_invoice_was_issued_is_no_contradiction(desk, exchange):
    ends_at = exchange.now + dt.timedelta(seconds=5)
    invoice = exchange.invoice("lic_a", ends_at=ends_at)
    exchange.tick(200)
    receipt = exchange.receipt(exchange.call(exchange.lanes["lic_a"][0]))
    assert contradict(desk, receipt, invoice).code == 1


def test_two_heads_of_one_size_contradict_each_other(desk, exchange):
    forked = Exchange()
    forked.entries = list(reversed(exchange.entries))
    assert contradict(desk, exchange.checkpoint(), forked.checkpoint()).code == 0


def test_a_successor_with_another_predecessor_contradicts(desk, exchange):
    other = Exchange()
    lane = other.open_lane("lic_a")
    other.call(lane, leaf={"outcome": "miss"})
    second = other.call(lane)
    first = exchange.lanes["lic_a"][0].calls[0]
    outcome = contradict(desk, exchange.receipt(first), other.receipt(second))
    assert outcome.code == 0
    assert "predecessor" in outcome.output


def test_totals_that_shrink_contradict(desk, exchange):
    calls = exchange.lanes["lic_a"][0].calls
    other = Exchange()
    lane = other.open_lane("lic_a")
    for _ in range(4):
        call = other.call(lane, units=0, amount=0)
    outcome = contradict(desk, exchange.receipt(calls[1]), other.receipt(call))
    assert outcome.code == 0
    assert "too small" in outcome.output


def test_two_invoices_closing_one_number_on_two_leaves_contradict(desk, exchange):
    other, _ = other_history(exchange, outcome="miss")
    honest = Exchange()
    honest.call(honest.open_lane("lic_a"))
    outcome = contradict(desk, honest.invoice("lic_a"), other.invoice("lic_a", "inv_2"))
    assert outcome.code == 0


def priced(lines):
    def change(invoice, evidence):
        invoice["lines"] = [{"kind": "period_fee", "amount": amount} for amount in lines]
        total = int(invoice["total_amount"]) + sum(map(int, lines))
        invoice["total_amount"] = str(total)

    return change


def test_two_invoices_of_one_id_contradict_by_their_charges_alone(desk, exchange):
    fee = exchange.invoice("lic_a", change=priced(["100000000"]))
    assert contradict(desk, fee, fee).code == 1
    for other in (priced(["200000000"]), priced([]), priced(["100000000", "1000000"])):
        outcome = contradict(desk, fee, exchange.invoice("lic_a", change=other))
        assert outcome.code == 0
        assert "two different invoices inv_1" in outcome.output
    # Another exchange counts its invoices by itself.
    foreign = Exchange(origin="other.example/log/2026")
    foreign.call(foreign.open_lane("lic_z"))
    trusted = [exchange.statements, exchange.checkpoints, foreign.statements, foreign.checkpoints]
    named = [word for key in trusted for word in ("--key", key.vkey)]
    pair = desk.put("ours", fee), desk.put("theirs", foreign.invoice("lic_z"))
    assert desk.run("contradiction", *pair, *named, keys=False).code == 1


def test_two_invoices_of_one_time_contradict(desk, exchange):
    """Whatever their ids: a call would be paid twice."""
    outcome = contradict(desk, exchange.invoice("lic_a"), exchange.invoice("lic_a", "inv_2"))
    assert outcome.code == 0
    ends_at = exchange.now + dt.timedelta(seconds=1)
    first = exchange.invoice("lic_a", ends_at=ends_at)
    exchange.tick(5)
    exchange.call(exchange.lanes["lic_a"][0])
    second = exchange.invoice("lic_a", "inv_2", starts_at=ends_at)
    assert contradict(desk, second, first).code == 1


def test_statements_that_agree_are_no_contradiction(desk, exchange):
    calls = exchange.lanes["lic_a"][0].calls
    receipts = [exchange.receipt(call) for call in calls]
    other = exchange.receipt(exchange.lanes["lic_a"][1].calls[0])
    for pair in (
        (receipts[0], receipts[0]), (receipts[0], receipts[1]), (receipts[3], receipts[0]),
        (receipts[0], other), (receipts[0], exchange.invoice("lic_a")),
        (receipts[0], exchange.checkpoint()), (exchange.checkpoint(), exchange.checkpoint(3)),
        (exchange.invoice("lic_a"), exchange.invoice("lic_a")),
        (receipts[0], exchange.invoice("lic_b")),
    ):  # fmt: skip
        outcome = contradict(desk, *pair)
        assert (outcome.code, outcome.step) == (1, "contradiction")


def test_an_unsigned_statement_accuses_nobody(desk, exchange):
    forger = Exchange(seed="forger")
    call = forger.call(forger.open_lane("lic_a"), amount=PRICE * 2)
    own = exchange.receipt(exchange.lanes["lic_a"][0].calls[0])
    outcome = contradict(desk, own, forger.receipt(call))
    assert (outcome.code, outcome.step) == (1, "second signature")
