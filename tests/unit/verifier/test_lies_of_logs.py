"""Lies of a log about its heads, its witnesses, its anchors and its years: none of them passes."""

import hashlib
import json

import pytest
from counterfoil_verify.cli import main as verify
from counterfoil_verify.witness_cli import main as witness
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.unit.verifier.servers import node
from tests.unit.verifier.test_chain_command import receipt_of
from tests.vectors.exchange import Exchange
from tests.vectors.primitives import Key, canonical, hash_leaf, seeded, tree_hash

# Witnesses


def test_one_witness_under_two_names_counts_once(desk, exchange):
    seed = seeded("witness")
    names = ("w1.example/w", "w2.example/w")
    keys = [Key(name, seed, algorithm=4) for name in names]
    text = exchange.head_text()
    cosigned = exchange.checkpoint(extra="".join(key.cosign(text, 1_795_161_600) for key in keys))
    files = {**exchange.export(), "checkpoint": cosigned}
    named = [word for key in keys for word in ("--key", key.vkey)]
    outcome = desk.run("log", desk.lay_out(files), *named)
    assert outcome.code == 0
    assert "witnessed by w1.example/w)" in outcome.output


def test_a_log_is_no_witness_of_itself(desk, exchange):
    own = Key("w1.example/w", seeded(exchange.seed, "checkpoint"), algorithm=4)
    cosigned = exchange.checkpoint(extra=own.cosign(exchange.head_text(), 1_795_161_600))
    files = {**exchange.export(), "checkpoint": cosigned}
    outcome = desk.run("log", desk.lay_out(files), "--key", own.vkey)
    assert outcome.code == 0
    assert "witnessed" not in outcome.output


def retired(exchange, until_size):
    end = {"until_size": until_size, "reason": "compromise", "from_size": 0}
    entry = {"role": "checkpoint", "key": exchange.checkpoints.vkey, **end}
    return canonical({"history": [entry]})


@pytest.mark.parametrize(("until_size", "code"), [(13, 1), (14, 0)])
def test_a_witness_cosigns_nothing_behind_the_end_of_a_key(desk, exchange, until_size, code):
    folder, log = str(desk.folder / "w1"), str(desk.lay_out(exchange.export()))
    assert witness(["init", folder, "--name", "witness.example/w1"]) == 0
    keys = str(desk.put("log-keys.json", retired(exchange, until_size)))
    assert witness(["cosign", folder, log, "--keys", keys]) == code


def test_a_fault_of_a_witness_is_no_refusal(desk, exchange, capsys):
    folder, log = desk.folder / "w1", str(desk.lay_out(exchange.export()))
    witness(["init", str(folder), "--name", "witness.example/w1"])
    nowhere = str(desk.folder / "no" / "such" / "folder")
    given = ["--log", exchange.checkpoints.vkey, "--out", nowhere]
    assert witness(["cosign", str(folder), log, *given]) == 3
    assert witness(["init", str(desk.put("a-file", b"")), "--name", "witness.example/w1"]) == 3


def test_what_a_log_writes_below_its_head_moves_no_cursor(desk, exchange, capsys):
    folder = str(desk.folder / "w1")
    witness(["init", folder, "--name", "witness.example/w1"])
    log = desk.lay_out(exchange.export())
    given = ["--log", exchange.checkpoints.vkey]
    assert witness(["cosign", folder, str(log), *given]) == 0
    forked = Exchange()
    forked.entries = list(reversed(exchange.entries))
    text = forked.head_text() + "\x9b2J\u202e\n"
    desk.put("log/checkpoint", (text + "\n" + forked.checkpoints.line(text)).encode())
    assert witness(["cosign", folder, str(log), *given]) == 1
    capsys.readouterr()
    assert witness(["show", folder]) == 1
    shown = capsys.readouterr().out
    assert "two root hashes" in shown
    assert not any(each in shown for each in "\x9b\u202e")


# Keys that the log itself has ended


def ending(exchange, until_size, signer=None):
    """The log says that its checkpoint key is retired, and goes on signing with it."""
    exchange.append(
        "log_key_retired", origin=exchange.origin, role="checkpoint", reason="compromise",
        key=exchange.checkpoints.vkey, from_size=0, until_size=until_size,
    )  # fmt: skip
    extra = "" if signer is None else signer.line(exchange.head_text())
    return {**exchange.export(), "checkpoint": exchange.checkpoint(extra=extra)}


def test_a_key_that_the_log_has_ended_signs_no_later_head(desk, exchange):
    """Whatever the keys.json that the exchange serves leaves out."""
    size = len(exchange.entries) + 1
    newer = Key(exchange.origin, seeded("newer"))
    outcome = desk.run("log", desk.lay_out(ending(exchange, size)))
    assert outcome.code == 0
    outcome = desk.run("log", desk.lay_out(ending(exchange, size)))
    assert (outcome.code, outcome.step) == (1, "root")
    assert f"retired at size {size}" in outcome.output
    both = [exchange.checkpoints.vkey, newer.vkey]
    announced = {"role": "checkpoint", "key": newer.vkey, "from_size": size}
    exchange.append("log_key", origin=exchange.origin, **announced)
    desk.put("keys.json", canonical({**json.loads(exchange.keys), "checkpoint": both}))
    assert desk.run("log", desk.lay_out(ending(exchange, size, newer))).code == 0


# Keys that were shown to somebody


def shown(exchange, *history, **roles):
    """What somebody was shown as keys.json."""
    return canonical({**json.loads(exchange.keys), **roles, "history": list(history)})


@pytest.fixture
def further(exchange):
    return Key(f"{exchange.origin}/receipts", seeded("further"))


def test_a_key_that_the_log_never_announced_is_rejected(desk, exchange, further):
    """Its receipts would count for whoever was shown it, and for nobody else."""
    log = desk.lay_out(exchange.export())
    both = shown(exchange, receipts=[exchange.receipts.vkey, further.vkey])
    former = {"role": "receipts", "key": further.vkey, "from_size": 3}
    desk.put("keys.json", shown(exchange, former))
    outcome = desk.run("log", log)
    assert (outcome.code, outcome.step) == (1, "keys")
    assert "no entry up to size 14 announces it" in outcome.output
    desk.put("keys.json", both)
    assert desk.run("log", log).code == 1
    bundle = desk.put("bundle.zip", exchange.bundle(exchange.bundle_files("lic_a")))
    assert (desk.run("bundle", bundle).code, desk.run("bundle", bundle).step) == (1, "log")


def test_a_key_that_a_leaf_announced_is_one_of_the_logs(desk, exchange, further):
    announced = {"role": "receipts", "key": further.vkey, "from_size": 14}
    exchange.append("log_key", origin=exchange.origin, **announced)
    former = shown(exchange, announced)
    log = desk.lay_out(exchange.export())
    told = desk.run("log", log)
    assert told.code == 0
    assert f"not among your keys: {further.vkey}" in told.output
    desk.put("keys.json", former)
    known = desk.run("log", log)
    assert (known.code, known.report["facts"]["key_differences"]) == (0, [])
    # Of another role it is another key: what it signs as that, nobody announced.
    exchange.entries[-1] = exchange.entries[-1].replace(
        b'"role":"receipts"', b'"role":"statements"'
    )
    assert desk.run("log", desk.lay_out(exchange.export(), "other")).step == "keys"


def test_a_key_that_is_newer_than_the_head_is_told_not_rejected(desk, exchange, further):
    newer = {"role": "receipts", "key": further.vkey, "from_size": 14}
    desk.put("keys.json", shown(exchange, newer))
    outcome = desk.run("log", desk.lay_out(exchange.export()))
    assert (outcome.code, outcome.passed_steps[-1]) == (0, "keys")
    assert "newer than this head" in outcome.output
    # But then it signs nothing that stands in the log before it.
    call = exchange.lanes["lic_a"][0].calls[0]
    receipt = desk.put("receipt.json", exchange.receipt(call, signer=further))
    proof = desk.put("proof", exchange.proof(call["index"]))
    proven = desk.run("receipt", receipt, "--proof", proof)
    assert (proven.code, "valid from size 14" in proven.output) == (1, True)


def test_a_head_is_signed_by_a_key_that_it_announces(desk, exchange):
    """A key that says of itself to be newer than the head has signed no such head."""
    newer = Key(exchange.origin, seeded("newer"))
    text = exchange.head_text()
    checkpoint = (text + "\n" + newer.line(text)).encode()
    log = desk.lay_out({**exchange.export(), "checkpoint": checkpoint})
    entry = {"role": "checkpoint", "key": newer.vkey, "from_size": 14}
    desk.put("keys.json", shown(exchange, entry))
    outcome = desk.run("log", log)
    assert (outcome.code, outcome.step) == (1, "keys")
    assert "announces the key that signed" in outcome.output


def test_an_end_that_was_told_otherwise_is_rejected(desk, exchange):
    """The log calls the key stolen; the keys that somebody was shown call it outgrown."""
    ends = {"role": "receipts", "key": exchange.receipts.vkey, "from_size": 0, "until_size": 9}
    exchange.append("log_key_retired", origin=exchange.origin, reason="compromise", **ends)
    log = desk.lay_out(exchange.export())
    for reason, code in (("compromise", 0), ("rotation", 1)):
        desk.put("keys.json", shown(exchange, {**ends, "reason": reason}))
        assert desk.run("log", log).code == code
    desk.put("keys.json", exchange.keys)
    assert "(compromise), not in your keys" in desk.run("log", log).output


def test_an_end_that_no_entry_tells_is_named(desk, exchange):
    ends = {"role": "receipts", "key": exchange.receipts.vkey, "from_size": 0, "until_size": 9}
    desk.put("keys.json", shown(exchange, {**ends, "reason": "compromise"}))
    outcome = desk.run("log", desk.lay_out(exchange.export()))
    assert (outcome.code, "in no entry up to size 14" in outcome.output) == (0, True)


def test_a_log_that_announces_nothing_is_rejected(desk, exchange):
    exchange.entries[0] = exchange.entries[0].replace(b"shard_opened", b"shard_openen")
    outcome = desk.run("log", desk.lay_out(exchange.export()))
    assert (outcome.code, outcome.step) == (1, "keys")


# The chain


def check_anchors(desk, exchange, anchors, *more):
    files = {**exchange.bundle_files("lic_a"), "anchors.json": canonical(anchors)}
    if not anchors:
        del files["consistency.json"]
    bundle = desk.put("bundle.zip", exchange.bundle(files))
    receipt = receipt_of(exchange)
    with node({"eth_chainId": "0x6601", "eth_getTransactionReceipt": receipt}) as rpc:
        return desk.run("bundle", bundle, "--rpc", rpc, *more)


def test_a_chain_that_has_nothing_to_confirm_confirms_nothing(desk, exchange):
    planned = {**exchange.anchor(7), "status": "planned", "block_hash": None}
    for anchors in ([], [planned]):
        outcome = check_anchors(desk, exchange, anchors)
        assert (outcome.code, outcome.step) == (3, "anchors")


def test_an_anchor_in_another_registry_than_was_promised_is_rejected(desk, exchange):
    anchors = [exchange.anchor(7)]
    own = check_anchors(desk, exchange, anchors, "--contract", "0x" + "AB" * 20)
    assert own.code == 0
    other = check_anchors(desk, exchange, anchors, "--contract", "0x" + "cd" * 20)
    assert (other.code, other.step) == (1, "anchors")
    told = check_anchors(desk, exchange, anchors)
    assert "0x" + "ab" * 20 in told.output


# Parts of a bundle that nothing ties together


def test_a_proof_under_a_head_that_nothing_ties_to_the_checkpoint_is_told(desk, exchange):
    forked = Exchange()
    forked.entries = [*exchange.entries[:-2], exchange.entries[0]]
    files = exchange.bundle_files("lic_a", has_log=False)
    leaf = hash_leaf(exchange.entries[exchange.lanes["lic_a"][0].calls[0]["index"]]).hex()
    files[f"proofs/{leaf}.txt"] = forked.proof(exchange.lanes["lic_a"][0].calls[0]["index"])
    outcome = desk.run("bundle", desk.put("b.zip", exchange.bundle(files)))
    assert outcome.report["counts"]["untied_heads"] == 1
    assert "1 heads that nothing here ties to the checkpoint" in outcome.output
    whole = exchange.bundle_files("lic_a") | {f"proofs/{leaf}.txt": files[f"proofs/{leaf}.txt"]}
    outcome = desk.run("bundle", desk.put("b.zip", exchange.bundle(whole)))
    assert (outcome.code, outcome.step) == (1, "log")


def test_a_file_that_no_step_reads_is_named(desk, exchange):
    files = {**exchange.bundle_files("lic_a"), "invoice/inv_9.json": b"{}"}
    outcome = desk.run("bundle", desk.put("b.zip", exchange.bundle(files)))
    assert outcome.code == 0
    assert "not read: invoice/inv_9.json" in outcome.output
    assert outcome.report["counts"]["unread_files"] == 1


# Years


def turned(old):
    """The year after: a shard that carries the old one on."""
    year = "exchange.example/log/2027"
    head = {"tree_size": len(old.entries), "root_hash": tree_hash(old.hashes).hex()}
    old.append("shard_closed", origin=old.origin, successor=year, reason="year", **head)
    new = Exchange(seed="next", origin=year)
    last = {"tree_size": len(old.entries), "root_hash": tree_hash(old.hashes).hex()}
    named = {"origin": old.origin, "reason": "year", **last}
    new.open_shard(predecessor=named)
    return new


def keys_of(*exchanges):
    roles = ("checkpoint", "receipts", "statements")
    return canonical({role: [json.loads(each.keys)[role] for each in exchanges] for role in roles})


def years(desk, old, new):
    desk.put("keys.json", keys_of(old, new))
    earlier = {f"shards/2026/{name}": data for name, data in old.export().items()}
    return {**new.export(), **earlier}


def test_a_head_kept_last_year_is_compared_with_last_year_s_log(desk, exchange):
    seen = desk.put("seen", exchange.checkpoint(6))
    forked = Exchange()
    forked.entries = list(reversed(exchange.entries))
    other = desk.put("other", forked.checkpoint(6))
    log = desk.lay_out(years(desk, exchange, turned(exchange)))
    assert desk.run("log", log, "--since", seen).code == 0
    outcome = desk.run("log", log, "--since", other)
    assert (outcome.code, outcome.step) == (1, "root")
    assert desk.run("log", log, "--since", seen, "--this-shard").code == 3


def test_a_year_that_no_leaf_closes_was_cut_short(desk, exchange):
    """The head that is carried on is smaller than one that was published, and the year hides it."""
    log = desk.lay_out(years(desk, exchange, turned(exchange)))
    assert desk.run("log", log).code == 0
    cut = Exchange()
    cut.entries = exchange.entries[:10]
    head = {"tree_size": 10, "root_hash": tree_hash(cut.hashes).hex()}
    new = Exchange(seed="next", origin="exchange.example/log/2027")
    new.open_shard(predecessor={"origin": cut.origin, "reason": "year", **head})
    outcome = desk.run("log", desk.lay_out(years(desk, cut, new), "cut"))
    assert (outcome.code, outcome.step) == (1, "succession")
    assert "no leaf closes it" in outcome.output


def test_a_year_that_the_log_does_not_carry_on_is_named(desk, exchange):
    new = Exchange(seed="next", origin="exchange.example/log/2027")
    new.open_shard()
    desk.put("keys.json", keys_of(exchange, new))
    outcome = desk.run("log", desk.lay_out(new.export()))
    assert (outcome.code, f"{exchange.origin}, which was not audited" in outcome.output) == (
        0,
        True,
    )


def test_a_proof_under_another_history_of_an_exported_year_is_found(desk, exchange):
    call = exchange.lanes["lic_a"][0].calls[0]
    forked = Exchange()
    forked.entries = [*exchange.entries[:-2], exchange.entries[0]]
    files = exchange.bundle_files("lic_a", has_log=False)
    files = {n: d for n, d in files.items() if n.startswith(("receipts/", "proofs/"))}
    new = turned(exchange)
    leaf = hash_leaf(exchange.entries[call["index"]]).hex()
    link = {"checkpoint": exchange.checkpoint().decode(), "opened": new.proven(0, 1)}
    exported = {n: d for n, d in years(desk, exchange, new).items() if n != "checkpoint"}
    exported["shards/2026/checkpoint.txt"] = exported.pop("shards/2026/checkpoint")
    files |= {
        **exported,
        "keys.json": keys_of(exchange, new),
        "checkpoint.txt": new.checkpoint(),
        "predecessors.json": canonical([link]),
    }
    new.now = exchange.now
    honest = desk.run("bundle", desk.put("b.zip", new.bundle(files)))
    assert (honest.code, honest.report["counts"]["untied_heads"]) == (0, 0)
    files[f"proofs/{leaf}.txt"] = forked.proof(call["index"])
    outcome = desk.run("bundle", desk.put("b.zip", new.bundle(files)))
    assert (outcome.code, outcome.step) == (1, "log")


def test_a_shard_does_not_carry_on_itself(desk, exchange):
    head = {"tree_size": len(exchange.entries), "root_hash": tree_hash(exchange.hashes).hex()}
    again = Exchange(seed="again")
    named = {"origin": exchange.origin, "reason": "restored", **head}
    again.open_shard(predecessor=named)
    log = desk.lay_out(years(desk, exchange, again))
    outcome = desk.run("log", log)
    assert (outcome.code, outcome.step) == (1, "succession")


# Files


def test_a_tile_with_hashes_behind_its_width_is_rejected(desk, exchange):
    files = exchange.export()
    files["tile/0/000.p/14"] += bytes(32)
    outcome = desk.run("log", desk.lay_out(files))
    assert (outcome.code, outcome.step) == (1, "tiles")


def test_a_signed_report_is_shown_with_what_it_says(desk, exchange):
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signing = ("--sign-with", desk.put("a.pem", pem), "--signer", "auditor.example/reports")
    desk.run("receipt", desk.put("r.json", b"{}"), *signing)
    signed = desk.put("kept.json", (desk.folder / "report.json").read_bytes())
    signature = desk.put("kept.sig", (desk.folder / "report.json.sig").read_bytes())
    vkey = json.loads(signature.read_bytes())["key"]
    given = ("--signature", signature, "--auditor", vkey)
    outcome = desk.run("report", signed, *given)
    assert outcome.code == 0
    assert "receipt: REJECTED at format" in outcome.output


def test_a_signature_without_a_report_is_wrong_use(desk, exchange):
    receipt = str(desk.put("r.json", exchange.receipt(exchange.lanes["lic_a"][0].calls[0])))
    given = ["--keys", str(desk.folder / "keys.json"), "--sign-with", "a.pem"]
    with pytest.raises(SystemExit) as ended:
        verify(["receipt", receipt, *given])
    assert ended.value.code == 2


@pytest.mark.parametrize("blinds", [("00", "01"), ("01", "00")])
def test_of_two_entries_that_name_a_file_the_one_of_the_day_is_found(desk, exchange, blinds):
    """Whichever of the two hashes is the smaller one."""
    body = b"a certificate"
    digest = hashlib.sha256(body).hexdigest()
    days = [("2026-01-01", "2026-06-30"), ("2026-07-01", "2026-12-31")]
    files = exchange.bundle_files("lic_a", has_log=False)
    files = {name: files[name] for name in ("keys.json", "checkpoint.txt")}
    for (first, last), blind in zip(days, blinds, strict=True):
        dated = {"valid_from": first, "valid_to": last, "blinding": blind}
        at = exchange.append("evidence", version="v", kind="k", document_hash=digest, **dated)
        leaf = hash_leaf(exchange.entries[at]).hex()
        files |= {f"leaves/{leaf}.json": exchange.entries[at], f"proofs/{leaf}.txt": b""}
    for name in [name for name in files if name.startswith("proofs/")]:
        at = [hash_leaf(entry).hex() for entry in exchange.entries].index(name[7:-4])
        files[name] = exchange.proof(at)
    files["checkpoint.txt"] = exchange.checkpoint()
    bundle = desk.put("b.zip", exchange.bundle(files))
    given = (desk.put("certificate", body), "--bundle", bundle, "--on")
    found = [desk.run("document", *given, day) for day in ("2026-03-01", "2026-09-01")]
    assert [each.code for each in found] == [0, 0]
    assert [each.report["facts"]["entry"]["valid_to"] for each in found] == [
        "2026-06-30",
        "2026-12-31",
    ]
    assert desk.run("document", *given, "2027-01-01").code == 1
