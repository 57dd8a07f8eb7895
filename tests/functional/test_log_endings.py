"""A shard that ends before its year: a restored backup, a stolen key; a new one takes over."""

import json

import pytest
from counterfoil_verify.cli import main as verify
from counterfoil_verify.errors import Rejected
from counterfoil_verify.keys import parse_keyring
from counterfoil_verify.notes import open_checkpoint
from counterfoil_verify.vault import ReceiptVault

from app.core.reach import Reach
from app.core.signing import RenamedSigner
from app.wiring.log import log_keys, receipt_signers
from ledger.log.anchors.queries import StoredAnchors
from ledger.log.bundle_services import export_log
from ledger.log.errors import LogBehindItsPublishedHead, SigningStopped
from ledger.log.sequencing.file_checkpoint_keeper import FileCheckpointKeeper
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.storage import waiting_line
from ledger.log.tree.checkpoints import Checkpoint, sign_checkpoint
from ledger.log.tree_queries import get_ledger_proof
from tests.factories.yearly_lanes import YearlyLane
from tests.functional.test_key_rotation import Installation
from tests.functional.test_log_over_years import Served
from tests.unit.log.log_factory import AT, append_facts, append_rows


@pytest.fixture
def installation(settings, clock):
    made = Installation(settings, clock)
    made.work()
    yield made
    made.close()


@pytest.fixture
def shard(installation):
    return installation.parts.origin.rpartition("/")[2]


def published_size(installation):
    return int(installation.checkpoint().split(b"\n")[1])


def foretell(installation, settings, size):
    """A checkpoint that this log once published and its database no longer reaches."""
    keys = installation.parts.keyring
    ahead = Checkpoint(installation.parts.origin, size, b"\x07" * 32)
    keeper = FileCheckpointKeeper(settings.var / "checkpoints")
    keeper.keep(installation.parts.origin, sign_checkpoint(ahead, [keys.checkpoint]))


def opened(installation):
    rows = installation.run(
        "SELECT body FROM log_entries WHERE entry_type = 'shard_opened' ORDER BY arrival"
    )
    return [json.loads(body) for (body,) in rows]


def waiting(installation):
    with installation.units.begin(Reach.EXCHANGE) as uow:
        return waiting_line.count_waiting(uow.session)


@pytest.fixture
def restored(installation, settings):
    """The log of an older backup, which has noticed that it is one."""
    append_facts(installation.units, 5)
    installation.work()
    foretell(installation, settings, 100)
    installation.restart()
    with pytest.raises(LogBehindItsPublishedHead):
        installation.work()
    return installation


def test_a_restored_log_goes_on_in_a_new_shard(restored, shard):
    old, size = restored.parts.origin, published_size(restored)
    append_facts(restored.units, 3)
    with pytest.raises((SigningStopped, LogBehindItsPublishedHead)):
        restored.work()
    restored.command("end-log-shard", shard, "--reason", "restored", "--yes")
    restored.restart()
    restored.work()
    assert restored.parts.origin == f"{old}-2"
    named = opened(restored)[-1]["predecessor"]
    assert (named["origin"], named["tree_size"], named["reason"]) == (old, size, "restored")
    assert [(each["tree_size"], each["root_hash"]) for each in named["abandoned"]] == [
        (100, "07" * 32)
    ]
    assert waiting(restored) == (0, 0)
    assert restored.checkpoint().startswith(f"{old}-2\n".encode())


def ahead(restored, size, byte):
    """A head of the future that the backup does not know, as a buyer was once shown it."""
    head = Checkpoint(restored.parts.origin, size, byte * 32)
    return sign_checkpoint(head, [restored.parts.keyring.checkpoint]).encode()


def follow(restored, shard, tmp_path, seen):
    """A vault that accepted a head of the old shard watches the log go on in the new one."""
    web = restored.app.test_client()
    before = ReceiptVault(tmp_path / "vault", parse_keyring(web.get("/log/keys").data, "before"))
    before.watch(seen, Served(web))
    before.close()
    restored.command("end-log-shard", shard, "--reason", "restored", "--yes")
    restored.restart()
    restored.work()
    web = restored.app.test_client()
    vault = ReceiptVault(tmp_path / "vault", parse_keyring(web.get("/log/keys").data, "after"))
    try:
        return vault.watch(web.get("/log/checkpoint").data, Served(web)), vault.contradictions()
    finally:
        vault.close()


def test_a_vault_accepts_a_new_shard_that_names_the_head_it_had_as_abandoned(
    restored, shard, tmp_path
):
    seen = ahead(restored, 100, b"\x07")
    newest, found = follow(restored, shard, tmp_path, seen)
    assert (newest.origin, found) == (restored.parts.origin, [])


def test_a_vault_refuses_a_new_shard_that_hides_the_head_it_had(restored, shard, tmp_path):
    with pytest.raises(Rejected, match="the log shrank"):
        follow(restored, shard, tmp_path, ahead(restored, 90, b"\x08"))


def test_nothing_of_the_ended_shard_is_signed_again(restored, shard):
    old = restored.app.test_client().get(f"/log/{shard}/checkpoint").data
    restored.command("end-log-shard", shard, "--reason", "restored", "--yes")
    restored.restart()
    append_facts(restored.units, 3)
    restored.work()
    assert restored.app.test_client().get(f"/log/{shard}/checkpoint").data == old
    (count,) = restored.run("SELECT count(*) FROM checkpoints WHERE shard = 1")[0]
    restored.work()
    assert restored.run("SELECT count(*) FROM checkpoints WHERE shard = 1")[0] == (count,)


def test_a_shard_in_good_order_is_not_ended_as_restored(installation, shard):
    told = installation.refused("end-log-shard", shard, "--reason", "restored", "--yes")
    assert "has not stopped" in told


@pytest.mark.parametrize(
    ("named", "why"),
    [
        (("--known-size", "90"), "name one head together"),
        (("--known-root", "08" * 32), "name one head together"),
        (("--known-size", "90", "--known-root", "08" * 31), "is 32 bytes"),
    ],
)
def test_half_a_known_head_ends_no_shard(restored, shard, named, why):
    told = restored.refused("end-log-shard", shard, "--reason", "restored", *named, "--yes")
    assert why in told


def test_only_the_open_shard_can_be_ended(restored, shard):
    restored.command("end-log-shard", shard, "--reason", "restored", "--yes")
    restored.restart()
    told = restored.refused("end-log-shard", shard, "--reason", "compromise", "--yes")
    assert "is not the open shard" in told


def test_what_no_checkpoint_covered_stands_in_the_new_shard_and_lanes_go_on(
    installation, shard, settings, tmp_path
):
    lane = YearlyLane("unused")
    append_rows(installation.units, [lane.open(AT), lane.call(AT), lane.call(AT)])
    installation.work()
    stranded = [lane.call(AT), lane.call(AT)]
    append_rows(installation.units, stranded)
    sequencer = Sequencer(installation.units, keys_of(installation))
    assert sequencer.integrate() == 2
    foretell(installation, settings, 100)
    installation.restart()
    with pytest.raises(LogBehindItsPublishedHead):
        installation.work()
    installation.command("end-log-shard", shard, "--reason", "restored", "--yes")
    installation.restart()
    append_rows(installation.units, [lane.call(AT)])
    installation.work()
    with installation.units.begin(Reach.EXCHANGE) as uow:
        proof = get_ledger_proof(uow.session, stranded[0][0].hex())
    assert proof.checkpoint.startswith(f"{installation.parts.origin}\n")
    assert audit(installation, tmp_path) == 0
    assert waiting(installation) == (0, 0)


def keys_of(installation):
    return log_keys(installation.parts)


def audit(installation, folder):
    """The whole log as an auditor exports and verifies it."""
    keys = folder / "keys.json"
    keys.write_bytes(installation.served())
    with installation.units.begin(Reach.EXCHANGE) as uow:
        data = export_log(uow, keys=keys_of(installation), anchors=StoredAnchors()).data
    archive = folder / "log.zip"
    archive.write_bytes(data)
    return verify(["log", str(archive), "--keys", str(keys)])


def test_a_stolen_checkpoint_key_ends_its_shard(installation, shard, tmp_path):
    append_facts(installation.units, 5)
    installation.work()
    size, thief = published_size(installation), installation.parts.keyring.checkpoint
    old = installation.parts.origin
    installation.command("end-log-shard", shard, "--reason", "compromise", "--yes")
    installation.restart()
    append_facts(installation.units, 2)
    installation.work()
    assert installation.parts.keyring.checkpoint.public_key != thief.public_key
    keyring = installation.keyring()
    forged = sign_checkpoint(Checkpoint(old, size + 10, b"\x01" * 32), [thief])
    with pytest.raises(Rejected, match="retired before"):
        open_checkpoint(forged.encode(), keyring)
    last = installation.app.test_client().get(f"/log/{shard}/checkpoint").data
    assert open_checkpoint(last, keyring).head.tree_size == size
    assert opened(installation)[-1]["predecessor"]["reason"] == "compromise"
    (retired,) = installation.run(
        "SELECT body FROM log_entries WHERE entry_type = 'log_key_retired'"
    )
    assert json.loads(retired[0])["until_size"] == size
    assert audit(installation, tmp_path) == 0


def test_the_thief_cannot_sign_for_the_new_shard(installation, shard):
    append_facts(installation.units, 1)
    installation.work()
    thief = installation.parts.keyring.checkpoint
    installation.command("end-log-shard", shard, "--reason", "compromise", "--yes")
    installation.restart()
    installation.work()
    name = installation.parts.origin
    forged = sign_checkpoint(Checkpoint(name, 99, b"\x01" * 32), [RenamedSigner(thief, name)])
    with pytest.raises(Rejected, match="no trusted key signed"):
        open_checkpoint(forged.encode(), installation.keyring())


def test_receipts_of_after_the_end_promise_the_new_shard(restored, shard, clock):
    before = receipt_signers(restored.parts).name
    clock.advance(seconds=60)
    restored.command("end-log-shard", shard, "--reason", "restored", "--yes")
    clock.advance(seconds=1)
    restored.restart()
    signers = receipt_signers(restored.parts)
    assert signers.name == before.replace(shard, f"{shard}-2")
    assert signers.at(AT).name == before
