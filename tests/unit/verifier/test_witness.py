"""A witness cosigns what extends what it knows, and nothing else, whatever happens in between."""

import base64
import json
import sqlite3
import threading
from pathlib import Path

import pytest
from counterfoil_verify.errors import NotChecked, Rejected
from counterfoil_verify.keys import Keyring, parse_vkey
from counterfoil_verify.notes import open_checkpoint
from counterfoil_verify.witness.cosigning import SAME_SIZE, SIZE, Witness
from counterfoil_verify.witness.requests import (
    WitnessKey,
    check_name,
    parse_add_checkpoint,
    write_add_checkpoint,
)
from counterfoil_verify.witness.store import WitnessStore
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.vectors import make_vectors
from tests.vectors.primitives import consistency_path
from tests.vectors.witness_vectors import TIME, forked, request

VECTORS = json.loads(
    (Path(make_vectors.__file__).parent / "witness.json").read_text(encoding="ascii")
)
SEED = base64.b64decode(VECTORS["witness_seed"])
KEY = WitnessKey("witness.example/w1", Ed25519PrivateKey.from_private_bytes(SEED))


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "state.sqlite"
    WitnessStore.create(made)
    return made


@pytest.fixture
def open_witness(path, exchange):
    opened = []

    def start(now=lambda: TIME):
        opened.append(WitnessStore(path))
        return Witness(KEY, opened[-1], [parse_vkey(exchange.checkpoints.vkey)], now=now)

    yield start
    for store in opened:
        store.close()


def test_the_vectors_are_answered_as_they_say(open_witness):
    """The whole dialogue, restarting before every request."""
    assert KEY.public.text == VECTORS["witness_key"]
    for case in VECTORS["dialogue"]:
        answer = open_witness().add_checkpoint(base64.b64decode(case["request"]))
        assert answer.status == case["status"], (case["name"], answer)
        if case["body"] is not None:
            assert answer.body == case["body"], case["name"]
        assert (answer.content_type == SIZE) == (case["status"] == 409), case["name"]


def test_a_cosigned_checkpoint_is_accepted_by_the_verifier(open_witness, exchange):
    line = open_witness().add_checkpoint(request(exchange, 0, 9)).body
    keyring = Keyring(
        checkpoint=(parse_vkey(exchange.checkpoints.vkey),),
        witnesses=(parse_vkey(VECTORS["witness_key"]),),
    )
    opened = open_checkpoint(exchange.checkpoint(9) + line.encode(), keyring)
    assert opened.witnesses == ("witness.example/w1",)


def test_two_histories_under_the_log_s_signatures_are_kept_as_evidence(open_witness, exchange):
    witness = open_witness()
    witness.add_checkpoint(request(exchange, 0, 9))
    for _ in range(2):
        assert witness.add_checkpoint(request(forked(9), 9, 9)).status == 409
        assert witness.add_checkpoint(request(forked(9), 0, 9)).status == 409
    (evidence,) = witness._store.evidence()
    assert (evidence.origin, evidence.reason) == (exchange.origin, SAME_SIZE)
    assert (evidence.known_note, evidence.offered_note) == (
        exchange.checkpoint(9),
        forked(9).checkpoint(9),
    )


def test_what_is_refused_changes_nothing(open_witness, exchange):
    witness = open_witness()
    witness.add_checkpoint(request(exchange, 0, 5))
    for body in (request(forked(14), 5, 14), request(exchange, 5, 9, proof=[]), b"", b"old 5\n\n"):
        assert witness.add_checkpoint(body).status in {400, 422}
    assert witness._store.known(exchange.origin).head.tree_size == 5
    assert witness.add_checkpoint(request(exchange, 5, 9)).status == 200


def test_of_requests_at_once_from_several_processes_one_history_comes_out(
    path, exchange, open_witness
):
    """Each has a store of its own, as processes would: the file decides, not a lock in memory."""
    other = forked(14)
    witnesses = [open_witness() for _ in range(8)]
    barrier, answers = threading.Barrier(8), []

    def ask(witness, log):
        barrier.wait()
        answers.append((log, witness.add_checkpoint(request(log, 0, 14)).status))

    threads = [
        threading.Thread(target=ask, args=(witness, (exchange, other)[number % 2]))
        for number, witness in enumerate(witnesses)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    accepted = {log is exchange for log, status in answers if status == 200}
    assert len(accepted) == 1
    assert {status for _, status in answers} == {200, 409}


@pytest.mark.parametrize("size", range(1, 14))
def test_every_pair_of_sizes_is_proved(path, exchange, open_witness, size):
    witness = open_witness()
    assert witness.add_checkpoint(request(exchange, 0, size)).status == 200
    answer = witness.add_checkpoint(request(exchange, size, 14))
    assert answer.status == 200
    proof = consistency_path(size, exchange.hashes[:14])
    made = write_add_checkpoint(size, proof, exchange.checkpoint(14))
    assert made == request(exchange, size, 14)
    assert parse_add_checkpoint(made).proof == tuple(proof)


@pytest.mark.parametrize("position", range(0, 400, 7))
def test_no_changed_byte_is_cosigned_as_something_else(open_witness, exchange, position):
    """Changed anywhere, a request is refused, or it says the same as before."""
    witness = open_witness()
    witness.add_checkpoint(request(exchange, 0, 5))
    body = bytearray(request(exchange, 5, 14))
    body[position % len(body)] ^= 1
    answer = witness.add_checkpoint(bytes(body))
    if answer.status == 200:
        assert answer.body == KEY.cosign(exchange.head_text(14).encode(), TIME)
    else:
        assert witness._store.known(exchange.origin).head.tree_size == 5


def test_a_lost_state_does_not_look_like_a_fresh_one(tmp_path, path):
    with pytest.raises(NotChecked):
        WitnessStore(tmp_path / "nothing")
    (tmp_path / "other").write_bytes(b"")
    with pytest.raises(NotChecked):
        WitnessStore(tmp_path / "other")
    (tmp_path / "text").write_text("not a database, however long it may be" * 100)
    with pytest.raises(NotChecked):
        WitnessStore(tmp_path / "text")
    with pytest.raises(NotChecked):
        WitnessStore.create(path)


def test_a_state_that_cannot_be_written_promises_nothing(path, exchange, open_witness):
    witness = open_witness()
    holder = sqlite3.connect(path, isolation_level=None)
    witness._store._connection.execute("PRAGMA busy_timeout = 50")
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError):
        witness.add_checkpoint(request(exchange, 0, 5))
    holder.execute("ROLLBACK")
    holder.close()
    assert witness.add_checkpoint(request(exchange, 0, 5)).status == 200


@pytest.mark.parametrize("name", ["", "a b", "a+b", "x" * 256, "a\nb"])
def test_a_name_that_no_line_can_carry_is_refused(name):
    with pytest.raises(Rejected):
        check_name(name)
