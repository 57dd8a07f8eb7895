"""Rotating the log's keys: signatures before, during and after verify with the served keys."""

import json
import shutil
from dataclasses import replace

import pytest
from counterfoil_verify.cli import main as verify
from counterfoil_verify.errors import Rejected
from counterfoil_verify.keys import parse_keyring
from counterfoil_verify.notes import open_checkpoint
from counterfoil_verify.receipts import check_key, check_signature, parse_receipt
from sqlalchemy import text

from app.core.canonical import canonical_bytes
from app.core.reach import Reach
from app.factory import create_control_plane
from app.keys.keyring import FileKeyring
from app.keys.recognition import KeysOfAnotherLog
from app.keys.role_keys import StoredKey
from app.keys.rotation import believed_receipt_keys
from app.parts import build_parts
from app.wiring.log import log_keys
from ledger.log.sequencing.file_checkpoint_keeper import FileCheckpointKeeper
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.tree.checkpoints import Checkpoint, sign_checkpoint
from ledger.log.tree.merkle import leaf_hash
from ledger.log.tree_queries import get_ledger_proof
from metering.leaves import Commitments
from metering.recording.receipts import ReceiptParts, receipt_bytes
from tests.unit.log.log_factory import AT, append_rows

SECRET = b"k" * 32
LICENCE = "0" * 32
KEY_FILE = "signing-keys.json"


class Installation:
    """One exchange whose processes can be restarted; its worker runs when told."""

    def __init__(self, settings, clock):
        self._settings, self._clock = settings, clock
        self.units = None
        self._made = []
        self.restart()

    def restart(self):
        """Every process reads its settings and keys anew."""
        self.parts = build_parts(self._settings, clock=self._clock)
        self._made.append(self.parts)
        self.units = self.parts.units
        self.app = create_control_plane(self.parts)
        keeper = FileCheckpointKeeper(self._settings.var / "checkpoints")
        self._sequencer = Sequencer(self.units, log_keys(self.parts), keeper=keeper)

    def close(self):
        for parts in self._made:
            parts.engine.dispose()

    def work(self):
        """Sequence, publish, and perform what the outbox holds, as if the chain answered."""
        self._sequencer.step()
        self.run("UPDATE outbox_messages SET state = 'done' WHERE topic LIKE 'chain.%'")

    def run(self, statement):
        with self.units.begin(Reach.EXCHANGE) as uow:
            found = uow.session.execute(text(statement))
            rows = [tuple(row) for row in found] if found.returns_rows else []
            uow.commit()
        return rows

    def command(self, *arguments):
        """An operator's command; what it printed."""
        result = self.app.test_cli_runner().invoke(args=arguments)
        assert result.exit_code == 0, result.output
        return result.output

    def refused(self, *arguments):
        result = self.app.test_cli_runner().invoke(args=arguments)
        assert result.exit_code == 1, result.output
        return result.output

    def served(self):
        """The keys as an outsider's verifier reads them."""
        return self.app.test_client().get("/log/keys").data

    def keyring(self):
        return parse_keyring(self.served(), "test")

    def checkpoint(self):
        return self.app.test_client().get("/log/checkpoint").data

    def proof(self, leaf):
        with self.units.begin(Reach.EXCHANGE) as uow:
            return get_ledger_proof(uow.session, leaf_hash(leaf).hex())

    def deliver(self, n):
        """A call's receipt by the present receipt key; its leaf waits in the log's line."""
        detail = canonical_bytes({"n": n})
        leaf = canonical_bytes(call_body(n, detail))
        append_rows(self.units, [(leaf_hash(leaf), leaf, "call", None, None, None)])
        parts = ReceiptParts(leaf, leaf_hash(leaf), detail, SECRET, AT)
        signer = self.parts.keyring.receipts
        return leaf, receipt_bytes(parts, origin=self.parts.origin, signer=signer)


def call_body(n, detail):
    totals = {"total_units": n, "total_amount": str(n * 40_000_000)}
    hashes = dict.fromkeys(("previous", "plan", "response"), f"{n:02x}" * 32)
    return {
        "v": 1, "type": "call", "at": AT, "blind": f"{n:032x}", "licence": LICENCE, "lane": 1,
        "n": n, "version": "ver_1", "scenario": "scn_1", "units": 1, "amount": "40000000",
        "currency": "CNY", "outcome": "hit", **totals, **hashes,
        "request": Commitments(SECRET).request("GET", "L", {"n": n}),
        "detail": Commitments(SECRET).detail(detail),
    }  # fmt: skip


@pytest.fixture
def installation(settings, clock):
    made = Installation(settings, clock)
    made.work()
    yield made
    made.close()


def rotate(installation, role):
    """The steps up to the overlap, with every restart."""
    installation.command("rotate-log-key", role)
    installation.restart()
    installation.work()
    installation.command("switch-log-key", role)
    installation.restart()


def finish(installation, role, *options):
    installation.command("retire-log-key", role, *options)
    installation.restart()
    installation.work()


def leaves(installation, entry_type):
    rows = installation.run(
        f"SELECT body FROM log_entries WHERE entry_type = '{entry_type}' ORDER BY arrival"  # noqa: S608 -- the test's own word
    )
    return [json.loads(body) for (body,) in rows]


def test_receipts_before_during_and_after_a_rotation_verify_with_the_served_keys(
    installation, tmp_path
):
    receipts = [installation.deliver(1)]
    installation.command("rotate-log-key", "receipts")
    receipts.append(installation.deliver(2))
    installation.restart()
    receipts.append(installation.deliver(3))
    installation.work()
    installation.command("switch-log-key", "receipts")
    installation.restart()
    receipts.append(installation.deliver(4))
    finish(installation, "receipts")
    receipts.append(installation.deliver(5))
    installation.work()
    keyring = installation.keyring()
    signed_by = [check_signature(parse_receipt(receipt), keyring) for _, receipt in receipts]
    old, new = signed_by[0], signed_by[-1]
    assert signed_by == [old, old, old, new, new]
    assert old != new
    assert old.name == new.name
    (tmp_path / "keys.json").write_bytes(installation.served())
    for leaf, receipt in receipts:
        (tmp_path / "receipt.json").write_bytes(receipt)
        (tmp_path / "proof.txt").write_text(installation.proof(leaf).text)
        command = [
            "receipt",
            str(tmp_path / "receipt.json"),
            "--proof",
            str(tmp_path / "proof.txt"),
        ]
        assert verify([*command, "--keys", str(tmp_path / "keys.json")]) == 0


def test_a_key_is_announced_in_log_and_chain_before_it_can_be_switched_to(installation):
    before = installation.parts.keyring.receipts.public_key
    printed = installation.command("rotate-log-key", "receipts")
    assert "No checkpoint covers" in installation.refused("switch-log-key", "receipts")
    installation._sequencer.step()
    assert "The chain has not been told" in installation.refused("switch-log-key", "receipts")
    [announced] = leaves(installation, "log_key")
    assert announced["key"] in printed
    assert (announced["role"], announced["from_size"]) == ("receipts", 1)
    [(payload,)] = installation.run(
        "SELECT payload FROM outbox_messages WHERE topic = 'chain.announce_key'"
        " AND payload->>'from_size' = '1'"
    )
    assert (payload["role"], payload["origin"]) == ("receipts", installation.parts.origin)
    assert payload["public_key"] != before.hex()
    installation.work()
    assert announced["key"] in installation.command("switch-log-key", "receipts")
    installation.restart()
    assert installation.parts.keyring.receipts.public_key.hex() == payload["public_key"]


def test_an_announcement_may_be_repeated_and_a_second_rotation_waits(installation):
    first = installation.command("rotate-log-key", "statements")
    assert installation.command("rotate-log-key", "statements") == first
    assert len(leaves(installation, "log_key")) == 1
    installation.work()
    installation.command("switch-log-key", "statements")
    assert "not retired yet" in installation.refused("rotate-log-key", "statements")
    assert "no next key" in installation.refused("switch-log-key", "statements")


def test_what_a_crash_kept_from_the_log_is_told_by_the_next_command(installation, monkeypatch):
    def crash(*_):
        raise SystemExit(3)

    with monkeypatch.context() as patch:
        patch.setattr("app.keys.rotation.tell_log", crash)
        runner = installation.app.test_cli_runner()
        assert runner.invoke(args=["rotate-log-key", "receipts"]).exit_code == 3
    assert leaves(installation, "log_key") == []
    installation.work()
    assert "No checkpoint covers" in installation.refused("switch-log-key", "receipts")
    installation.restart()
    installation.command("rotate-log-key", "receipts")
    installation.work()
    installation.command("switch-log-key", "receipts")


def test_checkpoints_carry_both_signatures_during_the_overlap(installation):
    old = parse_keyring(installation.served(), "what an auditor fetched long ago")
    rotate(installation, "checkpoint")
    installation.deliver(1)
    installation.work()
    both = installation.checkpoint()
    new = installation.keyring()
    assert both.count("— ".encode()) == 2
    assert open_checkpoint(both, old).head == open_checkpoint(both, new).head
    assert open_checkpoint(both, new).key != open_checkpoint(both, old).key
    finish(installation, "checkpoint")
    after = installation.checkpoint()
    assert after.count("— ".encode()) == 1
    served = installation.keyring()
    assert open_checkpoint(after, served).head.tree_size > open_checkpoint(both, old).head.tree_size
    assert open_checkpoint(both, served).head == open_checkpoint(both, old).head
    with pytest.raises(Rejected, match="no trusted key signed"):
        open_checkpoint(after, old)


def test_a_checkpoint_key_ends_only_when_the_new_one_signs(installation):
    installation.command("rotate-log-key", "checkpoint")
    installation.work()
    installation.command("switch-log-key", "checkpoint")
    assert "restart the worker" in installation.refused("retire-log-key", "checkpoint")


def test_a_retired_key_speaks_for_no_larger_tree(installation):
    stolen = installation.parts.keyring.checkpoint
    rotate(installation, "checkpoint")
    installation.deliver(1)
    installation.work()
    finish(installation, "checkpoint", "--reason", "compromise")
    [retired] = leaves(installation, "log_key_retired")
    size = retired["until_size"]
    for tree_size, is_believed in ((size, True), (size + 1, False)):
        note = sign_checkpoint(Checkpoint(stolen.name, tree_size, b"r" * 32), [stolen]).encode()
        if is_believed:
            assert open_checkpoint(note, installation.keyring()).head.tree_size == size
        else:
            with pytest.raises(Rejected, match="retired before size"):
                open_checkpoint(note, installation.keyring())


def test_a_stolen_receipt_key_is_believed_only_for_leaves_before_its_end(installation):
    leaf, receipt = installation.deliver(1)
    installation.work()
    thief = installation.parts.keyring.receipts
    rotate(installation, "receipts")
    finish(installation, "receipts", "--reason", "compromise")
    keyring = installation.keyring()
    with pytest.raises(Rejected, match="needs a ledger proof"):
        check_signature(parse_receipt(receipt), keyring)
    key = check_signature(parse_receipt(receipt), keyring, is_proven=True)
    index = installation.proof(leaf).index
    check_key(keyring, key, index)
    [retired] = leaves(installation, "log_key_retired")
    assert (retired["reason"], index < retired["until_size"]) == ("compromise", True)
    with pytest.raises(Rejected, match="before its leaf"):
        check_key(keyring, key, retired["until_size"])
    assert thief.public_key not in believed_receipt_keys(installation.parts.keyring)
    [(payload,)] = installation.run(
        "SELECT payload FROM outbox_messages WHERE topic = 'chain.retire_key'"
    )
    assert payload["public_key"] == thief.public_key.hex()
    assert payload["until_size"] == retired["until_size"]


def test_an_earlier_end_can_be_named_but_none_beyond_the_tree(installation):
    installation.deliver(1)
    installation.work()
    rotate(installation, "receipts")
    refused = installation.refused("retire-log-key", "receipts", "--until-size", "99")
    assert "from 0 to" in refused
    finish(installation, "receipts", "--reason", "compromise", "--until-size", "1")
    [retired] = leaves(installation, "log_key_retired")
    assert retired["until_size"] == 1


def test_the_served_history_names_every_key_with_its_range(installation):
    first = json.loads(installation.served())
    assert [each["role"] for each in first["history"]] == ["checkpoint", "receipts", "statements"]
    rotate(installation, "statements")
    finish(installation, "statements")
    served = json.loads(installation.served())
    current, former = [each for each in served["history"] if each["role"] == "statements"]
    assert current["key"] == served["statements"] != former["key"] == first["statements"]
    assert current["from_size"] <= former["until_size"]
    assert former["reason"] == "rotation"
    assert former["until_at"] >= current["from_at"]


def test_a_retired_seed_is_gone_and_the_file_stays_encrypted(installation):
    keyring = installation.parts.keyring
    seed = keyring.role("receipts").current.seed
    rotate(installation, "receipts")
    finish(installation, "receipts")
    path = installation.parts.settings.key_file
    stored = installation.parts.cipher.decrypt(path.read_bytes(), context="keyring/v1").decode()
    assert seed.hex() not in stored
    again = FileKeyring(path, installation.parts.cipher, origin=keyring.origin)
    assert again.receipts.public_key == installation.parts.keyring.receipts.public_key
    assert again.chain_account == keyring.chain_account


@pytest.fixture
def hosts(database_url, settings, clock, tmp_path):
    """Starts a host of the exchange on its own folder; with another's keys, if they are copied."""
    made = []

    def start(name, *, keys_of=None):
        var = tmp_path / name
        if keys_of is not None:
            (var / "keys").mkdir(parents=True, exist_ok=True)
            shutil.copy(tmp_path / keys_of / "keys" / KEY_FILE, var / "keys" / KEY_FILE)
        made.append(Installation(replace(settings, var=var), clock))
        return made[-1]

    yield start
    for each in made:
        each.close()


def test_a_host_without_the_log_s_keys_does_not_start(hosts, tmp_path):
    first = hosts("first")
    first.work()
    with pytest.raises(KeysOfAnotherLog, match="copy it from another host"):
        hosts("second")
    assert not (tmp_path / "second" / "keys" / KEY_FILE).exists(), "none was made"
    second = hosts("second", keys_of="first").parts.keyring
    assert second.receipts.public_key == first.parts.keyring.receipts.public_key


def test_a_host_with_keys_of_its_own_does_not_start(hosts):
    both = [hosts("first"), hosts("second")]
    both[0].work()
    with pytest.raises(KeysOfAnotherLog, match="other keys than those"):
        both[1].restart()
    both[0].restart()


def test_a_log_that_is_behind_the_key_file_does_not_keep_its_host_away(hosts):
    """Its database came from a backup, or the command died before it told the log."""
    host = hosts("first")
    host.work()
    keyring = host.parts.keyring
    key = StoredKey(b"n" * 32, keyring.origin, 1, AT)
    keyring.change("receipts", lambda held: held.with_next(key).switched())
    host.restart()
    assert host.parts.keyring.role("receipts").current == key


@pytest.mark.parametrize("role", ["checkpoint", "receipts", "statements"])
def test_a_host_that_missed_a_rotation_does_not_start(hosts, role):
    first = hosts("first")
    first.work()
    second = hosts("second", keys_of="first")
    rotate(first, role)
    first.work()
    second.restart()
    finish(first, role)
    with pytest.raises(KeysOfAnotherLog, match="also after each step of a rotation"):
        second.restart()
    hosts("second", keys_of="first")


def test_a_host_that_missed_last_year_s_rotation_does_not_start(hosts, settings, clock):
    first = hosts("first")
    first.work()
    second = hosts("second", keys_of="first")
    rotate(first, "receipts")
    finish(first, "receipts")
    clock.advance(seconds=60 * 86_400)
    sequencer = Sequencer(first.units, log_keys(first.parts), host=settings.log_host)
    while sequencer.step().has_more:
        pass
    first.restart()
    assert first.parts.origin.endswith("/2027")
    with pytest.raises(KeysOfAnotherLog, match="also after each step of a rotation"):
        second.restart()
