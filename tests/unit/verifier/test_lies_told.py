"""Lies about receipts and money whose parts are each well signed: none of them passes."""

import datetime as dt
import hmac
import json
import sqlite3
from types import SimpleNamespace

import pytest
from counterfoil_verify.commands import vaults
from counterfoil_verify.keys import parse_keyring
from counterfoil_verify.vault import ReceiptVault
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.unit.verifier.servers import log_site
from tests.vectors.exchange import Exchange
from tests.vectors.primitives import canonical, hash_leaf, tree_hash

BUYER = "org_buyer/acknowledgements"


class LaterClock(dt.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 12, 31, tzinfo=tz)


@pytest.fixture(autouse=True)
def behind_every_promise(monkeypatch):
    """Whatever the day of the test's own machine, the little exchange's promises are due."""
    monkeypatch.setattr(vaults, "dt", SimpleNamespace(datetime=LaterClock, UTC=dt.UTC))


# Reports


def ended_receipts(exchange, until_size):
    """keys.json in which the receipt key was retired as compromised."""
    end = {"until_size": until_size, "reason": "compromise", "from_size": 0}
    entry = {"role": "receipts", "key": exchange.receipts.vkey, **end}
    return canonical({**json.loads(exchange.keys), "history": [entry]})


def test_a_rejection_outside_of_every_step_is_not_reported_as_passed(desk, exchange):
    call = exchange.lanes["lic_a"][0].calls[-1]
    desk.put("keys.json", ended_receipts(exchange, until_size=3))
    proof = desk.put("proof", exchange.proof(call["index"]))
    outcome = desk.run("receipt", desk.put("r.json", exchange.receipt(call)), "--proof", proof)
    assert (outcome.code, outcome.report["passed"]) == (1, False)
    assert outcome.step == "signature"


def test_a_fault_in_a_later_step_is_not_reported_as_passed(desk, exchange, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("counterfoil_verify.receipts.check_detail", fail)
    call = exchange.lanes["lic_a"][0].calls[0]
    outcome = desk.run("receipt", desk.put("r.json", exchange.receipt(call)))
    assert (outcome.code, outcome.report["passed"]) == (3, False)


# An accuser may lie, too: `contradiction` exits 0 only for what is proven


def accusation(desk, exchange, call, change):
    """A receipt against a right invoice, whose unsigned half the accuser wrote anew."""
    ends_at = exchange.now + dt.timedelta(seconds=1)
    evidence = json.loads(exchange.invoice("lic_a", ends_at=ends_at))
    evidence["lanes"] = change(evidence["lanes"])
    evidence["lane_count"] = len(evidence["lanes"])
    invoice = desk.put("invoice.json", canonical(evidence))
    return desk.run("contradiction", desk.put("r.json", exchange.receipt(call)), invoice)


@pytest.mark.parametrize(
    "change",
    [
        lambda lanes: lanes[1:],
        lambda lanes: [{**lanes[0], "closing": lanes[0]["opening"]}, lanes[1]],
        lambda lanes: [{**lanes[1], "lane": 1}, {**lanes[0], "lane": 2}],
    ],
    ids=["a lane left out", "an earlier closing leaf", "two lanes exchanged"],
)
def test_what_an_accuser_wrote_around_a_signed_invoice_proves_nothing(desk, exchange, change):
    call = exchange.lanes["lic_a"][0].calls[-1]
    outcome = accusation(desk, exchange, call, change)
    assert (outcome.code, outcome.step) == (1, "contradiction")


# Acknowledgements


def test_an_invoice_that_nobody_signed_leaves_no_tail(desk, exchange):
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    lane = exchange.lanes["lic_a"][0]
    receipts = [desk.put(f"{n}", exchange.receipt(call)) for n, call in enumerate(lane.calls)]
    desk.run("vault-take", desk.folder / "vault", *receipts)
    out = desk.folder / "acknowledgement.json"
    signing = ("--name", BUYER, "--signing-key", desk.put("buyer.pem", pem), "--out", out)
    desk.run("vault-acknowledge", desk.folder / "vault", "lic_a", *signing)
    buyers = [json.loads(out.read_bytes())["key"]]
    desk.put("keys.json", canonical({**json.loads(exchange.keys), "buyers": buyers}))
    whole = desk.put("whole.json", exchange.invoice("lic_a"))
    assert desk.run("acknowledgement", out, "--invoice", whole).code == 0
    forged = json.loads(exchange.invoice("lic_a"))
    forged["signature"] = "A" * 86 + "=="
    invoice = desk.put("invoice.json", canonical(forged))
    outcome = desk.run("acknowledgement", out, "--invoice", invoice)
    assert (outcome.code, outcome.step) == (1, "tail")


# Times that the exchange itself writes


def test_an_invoice_is_issued_behind_its_period(desk, exchange):
    """One that says it was issued before would owe no call that a receipt shows."""

    def early(invoice, evidence):
        invoice["issued_at"] = invoice["period"]["from"]

    def empty(invoice, evidence):
        invoice["period"]["until"] = invoice["period"]["from"]

    for change in (early, empty):
        invoice = desk.put("invoice.json", exchange.invoice("lic_a", change=change))
        outcome = desk.run("invoice", invoice)
        assert (outcome.code, outcome.step) == (1, "lanes")


def test_two_invoices_of_one_time_are_one_too_many(desk, exchange):
    """Without a call between them, numbers alone would not tell."""
    exchange.open_lane("lic_c")
    files = exchange.bundle_files("lic_a")
    for name in ("inv_2", "inv_3"):
        files[f"invoices/{name}.json"] = exchange.invoice("lic_c", name)
    outcome = desk.run("bundle", desk.put("b.zip", exchange.bundle(files)))
    assert (outcome.code, outcome.step) == (1, "invoices")
    assert "of a time that inv_2 has stated" in outcome.output


def test_a_bundle_is_not_older_than_its_receipts(desk, exchange):
    """One that says so would owe no proof."""
    files = exchange.bundle_files("lic_a", has_log=False)
    for name in [name for name in files if name.startswith("proofs/")]:
        del files[name]
    exchange.now -= dt.timedelta(minutes=10)
    outcome = desk.run("bundle", desk.put("b.zip", exchange.bundle(files)))
    assert (outcome.code, outcome.step) == (1, "inclusion")
    assert "before the call" in outcome.output


# Promises


def taken(desk, exchange, calls):
    vault = desk.folder / "vault"
    files = [desk.put(f"{n}.json", exchange.receipt(call)) for n, call in enumerate(calls)]
    assert desk.run("vault-take", vault, *files).code == 0
    return vault


def proofs_of(exchange, calls):
    return {
        f"/v1/ledger-proofs/{hash_leaf(exchange.entries[call['index']]).hex()}": exchange.proof(
            call["index"]
        )
        for call in calls
    }


def test_a_broken_promise_keeps_no_other_receipt_from_its_proof(desk, exchange):
    calls = exchange.lanes["lic_a"][0].calls
    vault = taken(desk, exchange, calls)
    with log_site(proofs_of(exchange, calls[1:])) as address:
        outcome = desk.run("vault-promises", vault, address)
        assert (outcome.code, outcome.step) == (1, "promises")
        assert "lic_a-1-1: the promise is broken" in outcome.output
    with log_site(proofs_of(exchange, calls[:1])) as address:
        assert "1 proven" in desk.run("vault-promises", vault, address).output


def test_a_false_proof_keeps_no_other_receipt_from_its_own(desk, exchange):
    calls = exchange.lanes["lic_a"][0].calls
    vault = taken(desk, exchange, calls)
    proofs = proofs_of(exchange, calls)
    first, second = list(proofs)[:2]
    with log_site({**proofs, first: proofs[second]}) as address:
        outcome = desk.run("vault-promises", vault, address)
    assert (outcome.code, outcome.step) == (1, "promises")
    with log_site(proofs_of(exchange, calls[:1])) as address:
        assert "1 proven" in desk.run("vault-promises", vault, address).output


def test_a_proof_in_another_log_keeps_no_promise(desk, exchange):
    calls = exchange.lanes["lic_a"][0].calls[:1]
    other = Exchange(seed="other", origin="elsewhere.example/log/2026")
    other.entries = list(exchange.entries)
    both = {
        role: [json.loads(each.keys)[role] for each in (exchange, other)]
        for role in ("checkpoint", "receipts", "statements")
    }
    desk.put("keys.json", canonical(both))
    vault = taken(desk, exchange, calls)
    with log_site(proofs_of(other, calls)) as address:
        outcome = desk.run("vault-promises", vault, address)
    assert (outcome.code, outcome.step) == (1, "promises")


def test_a_proof_under_another_history_than_was_watched_is_a_fork(desk, exchange):
    calls = exchange.lanes["lic_a"][0].calls[:1]
    vault = taken(desk, exchange, calls)
    assert desk.run("vault-watch", vault, desk.lay_out(exchange.export())).code == 0
    forked = Exchange()
    forked.entries = [*exchange.entries[:-1], exchange.entries[0]]
    with log_site(proofs_of(forked, calls)) as address:
        outcome = desk.run("vault-promises", vault, address)
    assert (outcome.code, outcome.step) == (1, "promises")
    shown = desk.run("vault-show", vault, "lic_a")
    assert (shown.code, shown.step) == (1, "contradictions")


@pytest.mark.parametrize("names", [("listing", "method"), ("listing", "method", "parameters")])
def test_a_receipt_for_another_request_than_was_made_is_rejected(desk, names):
    """The exchange's own detail names no parameters: the buyer does."""
    exchange = Exchange()
    lane = exchange.open_lane("lic_a")
    key, asked = exchange.next_detail_key(lane), {"code": "CTU", "days": 3}
    detail = {"listing": "airports", "method": "GET", "parameters": asked}
    request = hmac.digest(key, b"request\0" + canonical(detail), "sha256").hex()
    detail = {name: detail[name] for name in names}
    committed = hmac.digest(key, b"detail\0" + canonical(detail), "sha256").hex()
    call = exchange.call(lane, leaf={"request": request, "detail": committed})
    receipt = desk.put("r.json", exchange.receipt({**call, "detail": detail}))
    told = desk.run("receipt", receipt).output
    assert ("the request stays closed" in told) == ("parameters" not in names)
    for parameters, code in (
        (b'{"days": 3, "code": "CTU"}', 0),
        (b'{"code": "CTU", "days": "3"}', 1),
        (b'{"code": "PEK", "days": 3}', 1),
        (b"[]", 1),
        (b'{"code": "CTU", "days": 3.0}', 3),
    ):
        given = desk.put("parameters.json", parameters)
        assert desk.run("receipt", receipt, "--parameters", given).code == code
    erased = desk.put("e.json", exchange.erased_receipt({**call, "detail": detail}))
    outcome = desk.run("receipt", erased, "--parameters", desk.put("p.json", canonical(asked)))
    assert (outcome.code, outcome.step) == (1, "request")


def restored(exchange, size):
    """The log after its backup: a new shard upon a smaller head than was published, openly."""
    heads = [(at, tree_hash(exchange.hashes[:at]).hex()) for at in (size, len(exchange.entries))]
    kept, lost = ({"tree_size": at, "root_hash": root} for at, root in heads)
    new = Exchange(seed="restored", origin=f"{exchange.origin}-2")
    named = {"origin": exchange.origin, "reason": "restored", **kept}
    named["abandoned"] = [{"source": "published", **lost}]
    new.open_shard(predecessor=named)
    opening = {
        "origin": new.origin, "checkpoint": new.checkpoint().decode(),
        "opened": new.proven(0, 1), "predecessor_checkpoint": exchange.checkpoint(size).decode(),
    }  # fmt: skip
    return new, {**new.export(), "shards/2026-2/opening": canonical(opening)}


def test_a_receipt_whose_leaf_the_log_gave_up_needs_a_new_proof(desk, exchange):
    calls = exchange.lanes["lic_a"][0].calls
    vault, given_up = taken(desk, exchange, calls), f"lic_a-1-{len(calls)}"
    with log_site(proofs_of(exchange, calls)) as address:
        assert desk.run("vault-promises", vault, address).code == 0
    assert desk.run("vault-watch", vault, desk.lay_out(exchange.export())).code == 0
    new, files = restored(exchange, 10)
    roles = ("checkpoint", "receipts", "statements")
    both = {role: [json.loads(each.keys)[role] for each in (exchange, new)] for role in roles}
    desk.put("keys.json", canonical(both))
    outcome = desk.run("vault-watch", vault, desk.lay_out(files, "restored"))
    assert outcome.code == 0
    assert "the log gave leaves up: 4 receipts need new proofs" in outcome.output
    with log_site(proofs_of(exchange, calls)) as address:
        outcome = desk.run("vault-promises", vault, address)
    assert (outcome.code, outcome.report["counts"]["broken"]) == (1, 4)
    assert "under a head that exchange.example/log/2026 gave up" in outcome.output
    old = Exchange()
    old.entries = exchange.entries[:10]
    with log_site(proofs_of(old, calls[:3])) as address:
        outcome = desk.run("vault-promises", vault, address)
    assert outcome.report["counts"] == {"proven": 3, "waiting": 0, "broken": 1}
    assert f"{given_up}: the promise is broken" in outcome.output


def test_openings_without_a_proof_are_not_passed_over(desk, exchange):
    call = exchange.lanes["lic_a"][0].calls[0]
    receipt = desk.put("r.json", exchange.receipt(call))
    assert desk.run("receipt", receipt, "--opening", desk.put("o.json", b"{}")).code == 3


def test_a_proof_in_a_larger_tree_of_another_history_is_a_fork(desk, exchange):
    """Two sizes are compared by the tiles that the log serves beside its proofs."""
    calls = exchange.lanes["lic_a"][0].calls[:1]
    vault = taken(desk, exchange, calls)
    assert desk.run("vault-watch", vault, desk.lay_out(exchange.export())).code == 0
    longer = Exchange()
    longer.entries = [*exchange.entries, exchange.entries[0]]
    forked = Exchange()
    forked.entries = [*exchange.entries[:-1], exchange.entries[0], exchange.entries[1]]
    for log, code in ((forked, 1), (longer, 0)):
        with log_site({**log.export(), **proofs_of(log, calls)}) as address:
            assert desk.run("vault-promises", vault, address).code == code


def test_a_receipt_is_compared_and_kept_in_one(desk, exchange, monkeypatch):
    """Nobody takes another leaf of the same number between the two."""
    made = ReceiptVault(desk.folder / "vault", parse_keyring(exchange.keys, "test"))
    calls = exchange.lanes["lic_a"][0].calls
    made.take(exchange.receipt(calls[0]))
    other = ReceiptVault(desk.folder / "vault", parse_keyring(exchange.keys, "test"))
    tried = []

    def compare(earlier, later):
        other._store.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.take(exchange.receipt(calls[2]))
        tried.append((earlier, later))
        return ""

    monkeypatch.setattr("counterfoil_verify.vault.contradiction_between", compare)
    made.take(exchange.receipt(calls[1]))
    assert len(tried) == 1
    other.close()
    made.close()
