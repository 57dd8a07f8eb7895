"""The log asks real witnesses over HTTP, keeps what they sign, and says honestly what it has."""

import socket
import threading
import time

import metamorphic_log
import psycopg
import pytest
from counterfoil_verify.keys import Keyring, parse_vkey
from counterfoil_verify.notes import open_checkpoint
from counterfoil_verify.proofs import check_proof, parse_proof
from counterfoil_verify.witness.cosigning import Witness
from counterfoil_verify.witness.requests import WitnessKey
from counterfoil_verify.witness.server import WitnessServer, serve_in_background
from counterfoil_verify.witness.store import WitnessStore
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.reach import Reach
from ledger.log.errors import CheckpointNotWitnessed
from ledger.log.keys import LogKeys
from ledger.log.queries import find_checkpoint
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.storage import shard_heads
from ledger.log.tree.checkpoints import Checkpoint, sign_checkpoint
from ledger.log.tree.merkle import leaf_hash
from ledger.log.tree.notes import key_of
from ledger.log.tree_queries import get_ledger_proof, get_witnessed_note, load_entries
from ledger.log.witnesses import policy as witness_policy
from ledger.log.witnesses.cosignatures import parse_witness_key
from ledger.log.witnesses.http_witness_client import ANSWER_BYTES_MAX, HttpWitnessClient
from ledger.log.witnesses.keeper import AHEAD, BROKEN, CONFUSED, FORKED, WAVERS, WitnessKeeper
from ledger.log.witnesses.policy import WitnessPolicy
from ledger.log.witnesses.ports import WitnessAnswer, WitnessUnreachable
from ledger.log.witnesses.queries import cosigned_note, get_witness_status
from tests.fakes.webhook_receiver import RawReceiver, WebhookReceiver, hang
from tests.unit.log.log_factory import ORIGIN, append_facts, log_keys
from tests.vectors.primitives import seeded

KEYS = log_keys()
LOG_KEY = parse_vkey(key_of(KEYS.checkpoint).text)
TIME = 1_795_161_600
PORTIONS = 2_400
"""Of a head that trickles: two minutes of them."""


class Outsider:
    """A witness of its own, served on a port of its own."""

    def __init__(self, folder, name):
        self.path = folder / f"{name}.sqlite"
        WitnessStore.create(self.path)
        self.store = WitnessStore(self.path)
        private = Ed25519PrivateKey.from_private_bytes(seeded(name))
        key = WitnessKey(f"{name}.example", private)
        self.witness = Witness(key, self.store, [LOG_KEY], now=lambda: TIME)
        self.server = WitnessServer(("127.0.0.1", 0), self.witness)
        self._stop = serve_in_background(self.server)
        self.vkey = key.public.text
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def size(self):
        return self.store.known(ORIGIN).head.tree_size

    def stop(self):
        self._stop()
        self.store.close()


@pytest.fixture
def outsiders(tmp_path):
    made = [Outsider(tmp_path, f"w{number}") for number in (1, 2, 3)]
    yield made
    for each in made:
        each.stop()


def policy_of(outsiders, needed=2):
    witnesses = tuple(
        witness_policy.Witness(parse_witness_key(each.vkey), each.url) for each in outsiders
    )
    return WitnessPolicy(witnesses, needed, interval_seconds=5)


def keepers_of(units, policy, client=None):
    client = client or HttpWitnessClient(timeout_seconds=2)
    return [
        WitnessKeeper(units, client, witness=witness, policy=policy) for witness in policy.witnesses
    ]


@pytest.fixture
def grow(units):
    sequencer = Sequencer(units, KEYS)

    def more(count=1):
        append_facts(units, count)
        sequencer.step()

    sequencer.step()
    more(4)
    return more


def status(units, policy):
    with units.begin(Reach.PUBLIC) as uow:
        shard = shard_heads.get_head(uow.session, ORIGIN).shard
        return get_witness_status(uow.session, shard, policy)


def note(units):
    with units.begin(Reach.PUBLIC) as uow:
        return cosigned_note(uow.session, find_checkpoint(uow.session, ORIGIN))


def witnessed_note(units):
    with units.begin(Reach.PUBLIC) as uow:
        return get_witnessed_note(uow.session, ORIGIN)


def keyring(*outsiders):
    witnesses = tuple(parse_vkey(each.vkey) for each in outsiders)
    return Keyring(checkpoint=(LOG_KEY,), witnesses=witnesses)


def test_cosignatures_are_collected_counted_and_accepted_by_outside_readers(units, grow, outsiders):
    policy = policy_of(outsiders)
    first, second, third = keepers_of(units, policy)
    assert first.look()
    with pytest.raises(CheckpointNotWitnessed):
        witnessed_note(units)
    assert second.look()
    assert status(units, policy).witnessed_size == 5
    assert third.look()
    opened = open_checkpoint(note(units).encode(), keyring(*outsiders))
    assert sorted(opened.witnesses) == ["w1.example", "w2.example", "w3.example"]
    # A reader that is not ours, and that knows nothing of witnesses, takes the note as before.
    head = metamorphic_log.checkpoint_verify(witnessed_note(units), [LOG_KEY.text])
    assert (head.origin, head.size) == (ORIGIN, 5)
    for keeper in (first, second, third):
        assert not keeper.look()  # nothing new to ask about


def test_the_log_goes_on_and_its_witnesses_follow_by_consistency(units, clock, grow, outsiders):
    policy = policy_of(outsiders)
    keepers = keepers_of(units, policy)
    for size in (5, 9, 300, 301):
        if size > 5:
            with units.begin(Reach.PUBLIC) as uow:
                grow(size - find_checkpoint(uow.session, ORIGIN).tree_size)
            clock.advance(seconds=5)
        for keeper in keepers:
            assert keeper.look()
        assert [each.size for each in outsiders] == [size] * 3
        assert status(units, policy).witnessed_size == size


def test_a_proof_is_given_under_a_witnessed_checkpoint_where_one_covers_the_leaf(
    units, grow, outsiders
):
    policy = policy_of(outsiders, needed=1)
    keepers_of(units, policy)[0].look()
    grow(3)
    with units.begin(Reach.EXCHANGE) as uow:
        shard = shard_heads.get_head(uow.session, ORIGIN).shard
        entries = load_entries(uow.session, shard, 0, 8)
        early, late = (
            get_ledger_proof(uow.session, leaf_hash(entries[index]).hex()) for index in (2, 7)
        )
    trusted = keyring(*outsiders)
    covered = check_proof(parse_proof(early.text.encode()), leaf_hash(entries[2]), trusted)
    assert (covered.head.tree_size, covered.witnesses) == (5, ("w1.example",))
    newer = check_proof(parse_proof(late.text.encode()), leaf_hash(entries[7]), trusted)
    assert (newer.head.tree_size, newer.witnesses) == (8, ())


def test_a_witness_that_is_away_is_named_and_asked_ever_more_rarely(units, clock, grow, outsiders):
    policy = policy_of(outsiders, needed=2)
    first, second, third = keepers_of(units, policy)
    outsiders[2]._stop()
    for keeper in (first, second, third):
        assert keeper.look()
    told = status(units, policy)
    assert told.witnessed_size == 5  # two of three are enough
    assert (told.witnesses[2].cosigned_size, told.witnesses[2].last_failure) == (
        None,
        "ConnectionRefusedError",
    )
    assert told.witnesses[2].failing_since == clock.now()
    asked = 0
    for _ in range(60):
        clock.advance(seconds=10)
        asked += third.look()
    assert 5 <= asked <= 8
    assert "witnessed up to size 5: 2 of 3" in told.in_words


def test_too_few_are_said_to_be_too_few(units, grow, outsiders):
    policy = policy_of(outsiders, needed=3)
    first, second, _ = keepers_of(units, policy)
    first.look()
    second.look()
    told = status(units, policy)
    assert told.witnessed_size is None
    assert told.in_words == "not witnessed yet: 3 of 3 outside parties are needed"
    assert len(open_checkpoint(note(units).encode(), keyring(*outsiders)).witnesses) == 2


def test_a_witness_that_knew_more_than_our_tables_is_asked_from_its_size(
    units, clock, grow, outsiders
):
    """The exchange lost what it knew of the witness, not its log."""
    policy = policy_of(outsiders[:1], needed=1)
    (keeper,) = keepers_of(units, policy)
    keeper.look()
    with units.begin(Reach.EXCHANGE) as uow:
        uow.session.execute(text("DELETE FROM witness_standings"))
        uow.commit()
    grow(4)
    clock.advance(seconds=5)
    assert keeper.look()  # 409: it names its size
    assert status(units, policy).witnessed_size == 5
    assert keeper.look()
    assert status(units, policy).witnessed_size == 9


class Answering:
    """A witness that says what a test wants."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def add_checkpoint(self, _url, _body):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("answers", "failure"),
    [
        ([WitnessAnswer(409, b"6\n")], AHEAD),
        ([WitnessAnswer(409, b"5\n"), WitnessAnswer(409, b"5\n")], FORKED),
        ([WitnessAnswer(409, b"0\n")], CONFUSED),
        ([WitnessAnswer(409, b"many\n")], "Refused: the witness did not say its size."),
        ([WitnessAnswer(422, b"")], BROKEN),
        ([WitnessAnswer(403, b"")], "it does not accept the log's key"),
        ([WitnessAnswer(404, b"")], "it does not know the log"),
        ([WitnessAnswer(302, b"")], "it answered 302"),
        ([WitnessAnswer(200, b"hello")], "Refused: the witness's answer is no list of signatures."),
        ([WitnessAnswer(200, b"")], "Refused: the witness did not sign."),
        ([WitnessUnreachable("timed_out")], "timed_out"),
    ],
)
def test_what_a_witness_says_against_the_log_is_shown_and_stops_nothing(
    units, grow, outsiders, answers, failure
):
    policy = policy_of(outsiders[:1], needed=1)
    (keeper,) = keepers_of(units, policy, Answering(*answers))
    for _ in answers:
        assert keeper.look()
    (witness,) = status(units, policy).witnesses
    assert witness.last_failure == failure
    grow(1)  # signing goes on
    assert f"{ORIGIN}\n6\n" in note(units)


def test_a_witness_that_names_ever_another_size_is_asked_ever_more_rarely(
    units, clock, grow, outsiders
):
    policy = policy_of(outsiders[:1], needed=1)
    sizes = [WitnessAnswer(409, b"2\n"), WitnessAnswer(409, b"3\n")] * 10
    (keeper,) = keepers_of(units, policy, Answering(*sizes))
    asked = []
    for second in range(100):
        if keeper.look():
            asked.append(second)
        clock.advance(seconds=1)
    assert asked == [0, 1, 6, 16, 36, 76]
    (witness,) = status(units, policy).witnesses
    assert witness.last_failure == WAVERS


def test_a_restored_backup_is_noticed_by_a_witness(units, clock, grow, outsiders):
    """The log grew, was witnessed, and then its database is replaced by another history."""
    policy = policy_of(outsiders[:1], needed=1)
    (keeper,) = keepers_of(units, policy)
    keeper.look()
    other = storage_of_another_history(units)
    clock.advance(seconds=5)
    for _ in range(2):
        keeper.look()
        clock.advance(seconds=60)
    (witness,) = status(units, policy).witnesses
    assert witness.last_failure == FORKED
    (evidence,) = outsiders[0].store.evidence()
    assert evidence.offered_note == other.encode()


def storage_of_another_history(units):
    """Another root under the log's own key for the size that was witnessed; the tables are bent."""
    forged = sign_checkpoint(Checkpoint(ORIGIN, 5, bytes(32)), [KEYS.checkpoint])
    with units.begin(Reach.EXCHANGE) as uow:
        for table in ("checkpoints", "checkpoint_cosignatures"):
            uow.session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        uow.session.execute(text("DELETE FROM checkpoint_cosignatures"))
        uow.session.execute(
            text("UPDATE checkpoints SET root_hash = :root, text = :text WHERE tree_size = 5"),
            {"root": bytes(32), "text": forged},
        )
        uow.commit()
    return forged


@pytest.mark.parametrize("table", ["checkpoint_cosignatures", "witnessed_checkpoints"])
@pytest.mark.parametrize("change", ["UPDATE {} SET tree_size = tree_size", "DELETE FROM {}"])
def test_what_was_cosigned_is_never_changed(units, grow, outsiders, table, change):
    keepers_of(units, policy_of(outsiders, needed=1))[0].look()
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(DBAPIError) as refusal:
        uow.session.execute(text(change.format(table)))
    assert isinstance(refusal.value.orig, psycopg.errors.RaiseException)


# The client


@pytest.fixture
def raw():
    made = []

    def start(speak):
        made.append(RawReceiver(speak))
        return made[-1].url

    yield start
    for each in made:
        each.stop()


def trickle(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize("speak", [hang, trickle])
def test_a_witness_that_takes_its_time_is_cut_off(raw, speak):
    started = time.monotonic()
    with pytest.raises(WitnessUnreachable, match="timed_out"):
        HttpWitnessClient(timeout_seconds=0.5).add_checkpoint(raw(speak).rstrip("/"), b"x")
    assert time.monotonic() - started < 20  # it would never end


def test_a_head_that_trickles_is_cut_off_before_its_end(raw):
    cut_off = threading.Event()

    def trickle_a_head(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        try:
            for _ in range(PORTIONS):
                connection.sendall(b"x")
                time.sleep(0.05)
        except OSError:
            cut_off.set()

    with pytest.raises(WitnessUnreachable, match="timed_out"):
        HttpWitnessClient(timeout_seconds=0.5).add_checkpoint(raw(trickle_a_head)[:-1], b"x")
    assert cut_off.wait(60)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (ANSWER_BYTES_MAX + 1),
        b"hello\r\n\r\n",
        b"",
    ],
)
def test_what_is_no_bounded_answer_is_no_answer(raw, answer):
    with pytest.raises(WitnessUnreachable):
        HttpWitnessClient(timeout_seconds=2).add_checkpoint(
            raw(lambda c: c.sendall(answer)).rstrip("/"), b"x"
        )


def test_a_redirect_is_an_answer_and_is_not_followed(raw):
    url = raw(lambda c: c.sendall(b"HTTP/1.1 307 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"))
    assert HttpWitnessClient().add_checkpoint(url.rstrip("/"), b"x").status == 307


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(WitnessUnreachable, match="Refused"):
        HttpWitnessClient().add_checkpoint(f"http://127.0.0.1:{port}", b"x")


def test_the_prefix_stands_before_the_route():
    receiver = WebhookReceiver(lambda _received: 200)
    HttpWitnessClient().add_checkpoint(f"http://127.0.0.1:{receiver.port}/w1", b"body")
    receiver.stop()
    assert (receiver.received[0].path, receiver.received[0].body) == ("/w1/add-checkpoint", b"body")


# Over HTTP


def test_the_exchange_says_who_vouches_for_its_log(app, client, parts, outsiders):
    assert client.get("/log/witnessed-checkpoint").json["type"].endswith("checkpoint-not-witnessed")
    assert client.get("/v1/log-witnesses").json == {
        "needed": 0,
        "witnessed_size": None,
        "witnessed_at": None,
        "witnesses": [],
    }
    registry = app.extensions["counterfoil"]
    keys = registry.get(LogKeys)
    append_facts(parts.units, 3)
    Sequencer(parts.units, keys).step()
    policy = policy_of(outsiders[:1], needed=1)
    registry.add(WitnessPolicy, policy)
    told = client.get("/v1/log-status").json["trust"]["witnesses"]
    assert told == "not witnessed yet: 1 of 1 outside parties are needed"
    outsiders[0].witness._logs = {keys.origin: [parse_vkey(key_of(keys.checkpoint).text)]}
    WitnessKeeper(
        parts.units,
        HttpWitnessClient(),
        witness=policy.witnesses[0],
        policy=policy,
    ).look()
    (witness,) = client.get("/v1/log-witnesses").json["witnesses"]
    assert (witness["name"], witness["cosigned_size"]) == ("w1.example", 4)
    assert client.get("/log/witnessed-checkpoint").text == client.get("/log/checkpoint").text
    assert "\n— w1.example " in client.get("/log/checkpoint").text
