"""A buyer's vault: every receipt verified and kept, every fork and contradiction remembered."""

import base64
import json

import pytest
from counterfoil_verify.errors import NotChecked, Rejected
from counterfoil_verify.held import Gap
from counterfoil_verify.keys import parse_keyring
from counterfoil_verify.log.sources import FolderSource
from counterfoil_verify.signed_requests import RequestSigner
from counterfoil_verify.vault import ReceiptVault
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tests.vectors.exchange import PRICE, Exchange
from tests.vectors.primitives import canonical

NAME = "org_buyer/acknowledgements"


@pytest.fixture
def vault(desk, exchange):
    made = ReceiptVault(desk.folder / "vault", parse_keyring(exchange.keys, "test"))
    yield made
    made.close()


@pytest.fixture
def lane(exchange):
    return exchange.lanes["lic_a"][0]


@pytest.fixture
def signing_key(desk):
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return desk.put("buyer.pem", pem)


def taken(vault, exchange, lane, *numbers):
    for n in numbers:
        vault.take(exchange.receipt(lane.calls[n - 1]))


def test_a_receipt_is_kept_with_the_answer_that_it_came_with(vault, exchange, lane):
    call = lane.calls[0]
    value = base64.urlsafe_b64encode(exchange.receipt(call)).rstrip(b"=").decode()
    assert vault.take_answer({"USAGE-RECEIPT": value}, call["body"]).point.n == 1
    assert [each.n for each in vault.lanes("lic_a")] == [1]


def test_taking_it_again_changes_nothing(vault, exchange, lane):
    taken(vault, exchange, lane, 1, 1, 2, 2)
    assert vault.lanes("lic_a")[0].n == 2
    assert vault.contradictions() == []


def test_an_answer_without_receipt_is_rejected(vault):
    with pytest.raises(Rejected, match="no usage receipt"):
        vault.take_answer({"Content-Type": "application/json"}, b"{}")


def test_another_answer_than_the_committed_one_is_rejected(vault, exchange, lane):
    with pytest.raises(Rejected) as caught:
        vault.take(exchange.receipt(lane.calls[0]), b'{"code":"PEK"}')
    assert caught.value.step == "body"
    assert vault.lanes("lic_a") == []


def test_a_receipt_of_another_exchange_is_rejected(vault):
    other = Exchange(seed="another")
    with pytest.raises(Rejected) as caught:
        vault.take(other.receipt(other.call(other.open_lane("lic_a"))))
    assert caught.value.step == "signature"


def test_a_lane_counts_up_to_its_first_gap(vault, exchange, lane):
    taken(vault, exchange, lane, 1, 2, 4)
    (shown,) = vault.lanes("lic_a")
    assert (shown.n, shown.total_amount) == (2, 4 * PRICE)
    assert vault.gaps("lic_a") == [Gap(1, 3, 3)]
    taken(vault, exchange, lane, 3)
    assert vault.lanes("lic_a")[0].n == 4
    assert vault.gaps("lic_a") == []


def test_a_lane_that_begins_with_a_gap_vouches_for_nothing(vault, exchange, lane):
    taken(vault, exchange, lane, 3)
    assert vault.lanes("lic_a") == []
    assert vault.gaps("lic_a") == [Gap(1, 1, 2)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"n": 1}, "two different leaves for number 1"),
        ({"previous": "00" * 32}, "does not name its predecessor"),
        ({"total_units": 9}, "do not add up"),
        ({"total_amount": str(PRICE)}, "do not add up"),
    ],
)
def test_what_cannot_both_be_true_is_kept_as_evidence(vault, desk, change, reason):
    exchange = Exchange()
    lane = exchange.open_lane("lic_a")
    first = exchange.receipt(exchange.call(lane))
    second = exchange.receipt(exchange.call(lane, leaf=change))
    vault.take(first)
    with pytest.raises(Rejected, match=reason) as caught:
        vault.take(second)
    assert caught.value.step == "contradiction"
    (kept,) = vault.contradictions()
    desk.put("a", kept.first)
    desk.put("b", kept.second)
    outcome = desk.run("contradiction", desk.folder / "a", desk.folder / "b")
    assert outcome.code == 0, "the pair is evidence for anybody"


def test_running_totals_that_shrink_across_a_gap_are_a_contradiction(vault):
    exchange = Exchange()
    lane = exchange.open_lane("lic_a")
    calls = [exchange.call(lane), exchange.call(lane)]
    calls.append(exchange.call(lane, leaf={"total_amount": str(PRICE)}))
    vault.take(exchange.receipt(calls[0]))
    with pytest.raises(Rejected, match="too small"):
        vault.take(exchange.receipt(calls[2]))


def test_a_receipt_is_proven_once_its_leaf_is_shown_in_the_log(vault, exchange, lane):
    held = vault.take(exchange.receipt(lane.calls[0]))
    assert [each.leaf for each in vault.unproven()] == [held.leaf]
    vault.prove(held.leaf, exchange.proof(lane.calls[0]["index"]))
    assert vault.unproven() == []


def test_the_proof_of_another_leaf_proves_nothing(vault, exchange, lane):
    held = vault.take(exchange.receipt(lane.calls[0]))
    with pytest.raises(Rejected):
        vault.prove(held.leaf, exchange.proof(lane.calls[1]["index"]))
    assert vault.unproven()


def test_a_promise_is_broken_when_its_time_has_passed(vault, exchange, lane):
    held = vault.take(exchange.receipt(lane.calls[0]))
    assert vault.unproven(due_before=held.due_at) == []
    assert [each.leaf for each in vault.unproven(due_before=held.due_at + 1)] == [held.leaf]


def watched(vault, desk, exchange, size, folder):
    place = desk.lay_out(exchange.export(size=size), folder)
    return vault.watch(exchange.checkpoint(size), FolderSource(place))


def test_each_checkpoint_extends_the_last_one(vault, desk, exchange):
    for size in (3, 3, 7, len(exchange.entries)):
        watched(vault, desk, exchange, size, f"log-{size}")
    assert vault.last_head(exchange.origin) == exchange.checkpoint()


def other_history(exchange):
    other = Exchange()
    other.append("listed", listing="invented")
    while len(other.entries) < len(exchange.entries):
        other.append("listed", listing="airports")
    return other


@pytest.mark.parametrize("size", [7, 9])
def test_another_history_is_a_fork_and_both_heads_are_kept(vault, desk, exchange, size):
    watched(vault, desk, exchange, 7, "log")
    with pytest.raises(Rejected) as caught:
        watched(vault, desk, other_history(exchange), size, "forked")
    assert caught.value.step == "fork"
    (kept,) = vault.contradictions()
    assert kept.first == exchange.checkpoint(7)
    assert vault.last_head(exchange.origin) == exchange.checkpoint(7)


def test_a_log_that_shrinks_is_a_fork(vault, desk, exchange):
    watched(vault, desk, exchange, 7, "log")
    with pytest.raises(Rejected, match="shrank"):
        watched(vault, desk, exchange, 6, "smaller")


def test_what_was_kept_is_there_after_a_restart(desk, exchange, lane):
    for n in (1, 2):
        vault = ReceiptVault(desk.folder / "vault", parse_keyring(exchange.keys, "test"))
        vault.take(exchange.receipt(lane.calls[n - 1]))
        vault.close()
    vault = ReceiptVault(desk.folder / "vault", parse_keyring(exchange.keys, "test"))
    assert vault.lanes("lic_a")[0].n == 2
    vault.close()


def test_a_file_that_is_no_vault_is_said_so(desk, exchange):
    desk.put("vault", b"something else entirely, and long enough to be read as a header")
    with pytest.raises(NotChecked):
        ReceiptVault(desk.folder / "vault", parse_keyring(exchange.keys, "test"))


# On the command line


def files(desk, exchange, lane):
    return [
        desk.put(f"{n}.json", exchange.receipt(call)) for n, call in enumerate(lane.calls, start=1)
    ]


def acknowledged(desk, exchange, lane, signing_key):
    path = desk.folder / "vault"
    assert desk.run("vault-take", path, *files(desk, exchange, lane)).code == 0
    out = desk.folder / "acknowledgement.json"
    signing = ["--name", NAME, "--signing-key", signing_key, "--out", out]
    assert desk.run("vault-acknowledge", path, "lic_a", *signing).code == 0
    vkey = json.loads(out.read_bytes())["key"]
    desk.put("keys.json", canonical({**json.loads(exchange.keys), "buyers": [vkey]}))
    return out


def test_a_buyer_is_shown_the_key_that_it_registers(desk, exchange, lane, signing_key):
    """The very text that the exchange takes and that acknowledgements and signed calls carry."""
    signed = json.loads(acknowledged(desk, exchange, lane, signing_key).read_bytes())
    shown = desk.run("buyer-key", signing_key, "--name", NAME, keys=False)
    assert (shown.code, shown.report["steps"][0]["detail"]) == (0, signed["key"])
    assert f"({signed['key']})" in shown.output
    key = load_pem_private_key(signing_key.read_bytes(), None)
    assert RequestSigner("lic_a", name=NAME, key=key).vkey == signed["key"]


def test_the_vault_takes_watches_and_shows(desk, exchange, lane):
    path = desk.folder / "vault"
    desk.run("vault-take", path, *files(desk, exchange, lane))
    log = desk.lay_out(exchange.export())
    assert desk.run("vault-watch", path, log).code == 0
    shown = desk.run("vault-show", path, "lic_a")
    assert shown.code == 0
    assert f"lane 1 up to {len(lane.calls)}" in shown.output


def test_an_acknowledgement_leaves_only_the_tail_in_dispute(desk, exchange, lane, signing_key):
    out = acknowledged(desk, exchange, lane, signing_key)
    exchange.call(lane)
    exchange.call(lane)
    invoice = desk.put("invoice.json", exchange.invoice("lic_a"))
    outcome = desk.run("acknowledgement", out, "--invoice", invoice)
    assert outcome.code == 0
    second = len(exchange.lanes["lic_a"][1].calls)
    assert outcome.report["counts"]["unacknowledged"] == 2 + second
    assert "lane 1: 2 calls not acknowledged" in outcome.output


def test_a_changed_acknowledgement_is_rejected(desk, exchange, lane, signing_key):
    out = acknowledged(desk, exchange, lane, signing_key)
    changed = json.loads(out.read_bytes())
    changed["acknowledgement"]["lanes"][0]["n"] += 1
    out.write_bytes(canonical(changed))
    outcome = desk.run("acknowledgement", out)
    assert (outcome.code, outcome.step) == (1, "signature")


def test_a_key_that_nobody_trusts_acknowledges_nothing(desk, exchange, lane, signing_key):
    out = acknowledged(desk, exchange, lane, signing_key)
    desk.put("keys.json", exchange.keys)
    assert desk.run("acknowledgement", out).step == "signature"


def test_an_invoice_with_another_leaf_than_the_acknowledged_one_is_rejected(
    desk, exchange, lane, signing_key
):
    out = acknowledged(desk, exchange, lane, signing_key)
    other = Exchange()
    forged = other.open_lane("lic_a")
    while len(forged.calls) < len(lane.calls):
        other.call(forged)
    invoice = desk.put("invoice.json", other.invoice("lic_a"))
    outcome = desk.run("acknowledgement", out, "--invoice", invoice)
    assert (outcome.code, outcome.step) == (1, "tail")


@pytest.mark.parametrize("content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\n-----END"])
def test_a_file_that_is_no_key_is_said_so(desk, exchange, lane, content):
    path = desk.folder / "vault"
    desk.run("vault-take", path, *files(desk, exchange, lane))
    signing = ["--name", NAME, "--signing-key", desk.put("bad.pem", content)]
    assert desk.run("vault-acknowledge", path, "lic_a", *signing).code == 3
