"""A node that lies: what it can delay, and what it cannot have us sign, believe or read."""

import json
import socket
import threading
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import CounterfoilError, ErrorKind
from contracts import answers
from contracts.client import JsonRpcChain, TransactionState
from contracts.errors import ChainUnavailable, GasPriceTooHigh, WrongChain
from contracts.limits import GWEI, ChainLimits
from contracts.registries import (
    JsonRpcAnchorRegistry,
    JsonRpcKeyRegistry,
    JsonRpcLicenceRegistry,
)
from tests.unit.contracts.embedded import KEYS

CHAIN = 26_113
CONTRACT = "0x" + "ab" * 20
SENT, BLOCK = "0x" + "cd" * 32, "0x" + "ef" * 32
PORTIONS = 5_000
"""Of an answer that trickles: minutes of them."""
OUTAGES = {ErrorKind.UNAVAILABLE, ErrorKind.BAD_GATEWAY}
RECEIPT = {
    "transactionHash": SENT, "blockNumber": "0x7", "blockHash": BLOCK, "status": "0x1",
    "gasUsed": "0x5208", "logs": [],
}  # fmt: skip
TRUTH = {
    "eth_chainId": hex(CHAIN), "eth_gasPrice": hex(GWEI), "eth_blockNumber": "0x7",
    "eth_getTransactionCount": "0x3", "eth_getTransactionReceipt": RECEIPT,
    "eth_getTransactionByHash": None, "web3_clientVersion": "node/1", "eth_call": "0x",
    "eth_getBlockByNumber": {"number": "0x7", "hash": BLOCK, "extraData": "0x"},
    "eth_sendRawTransaction": SENT,
}  # fmt: skip


class Node:
    """Answers as told, and remembers what it was asked."""

    def __init__(self):
        self.answers, self.asked = dict(TRUTH), []
        self.pause_before_answer = threading.Event()
        self.pause_before_answer.set()
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                node.asked.append(asked["method"])
                node.pause_before_answer.wait(60)
                result = {"jsonrpc": "2.0", "id": asked["id"]}
                body = json.dumps(result | {"result": node.answers.get(asked["method"])}).encode()
                # In one piece: two would each wait for the other's acknowledgement.
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
                self.wfile.write(head.encode() + body)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def one_node():
    with closing(Node()) as node:
        yield node


@pytest.fixture
def node(one_node):
    one_node.answers, one_node.asked = dict(TRUTH), []
    return one_node


@contextmanager
def chain_of(node, **limits):
    limits = ChainLimits(**{"chain_id": CHAIN, **limits})
    with closing(JsonRpcChain(node.url, KEYS.anchorer, "confirmations:3", limits=limits)) as chain:
        yield chain


def sign(chain):
    return chain.sign(to=CONTRACT, data=b"", gas=21_000, nonce=3)


def test_a_node_of_another_chain_gets_no_signature(node):
    """A transaction that is signed for another chain is good there, with the same account."""
    node.answers["eth_chainId"] = "0x1"
    with chain_of(node) as chain, pytest.raises(WrongChain) as refusal:
        sign(chain)
    assert refusal.value.facts == {"chain_id": 1, "configured_chain_id": CHAIN}
    assert refusal.value.kind is ErrorKind.UNAVAILABLE, "so the anchorer pauses and shows it"
    with chain_of(node, chain_id=None) as chain:
        assert sign(chain).nonce == 3


@pytest.mark.parametrize("asked", [501 * GWEI, 10**30, 2**300])
def test_a_price_beyond_the_bound_is_not_paid(node, asked):
    node.answers["eth_gasPrice"] = hex(asked)
    with chain_of(node) as chain, pytest.raises(GasPriceTooHigh) as refusal:
        sign(chain)
    assert refusal.value.kind is ErrorKind.UNAVAILABLE
    node.answers["eth_gasPrice"] = hex(500 * GWEI)
    with chain_of(node) as chain:
        assert sign(chain).raw


def test_the_truth_is_believed(node):
    with chain_of(node) as chain:
        status = chain.status(SENT)
    assert (status.state, status.block_number) == (TransactionState.MINED, 7)


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"blockHash": "0x" + "00" * 32}, TransactionState.PENDING),
        ({"status": "0x0"}, TransactionState.REVERTED),
        ({"status": "0x2"}, TransactionState.REVERTED),
        ({"transactionHash": "0x" + "00" * 32}, None),
        ({"blockNumber": hex(2**64)}, None),
        ({"gasUsed": hex(2**70)}, None),
        ({"blockNumber": None}, None),
        ({"blockHash": None}, None),
        ({"status": None}, TransactionState.REVERTED),
    ],
)
def test_a_lying_receipt_proves_no_block(node, change, state):
    node.answers["eth_getTransactionReceipt"] = RECEIPT | change
    with chain_of(node) as chain:
        if state is None:
            with pytest.raises(ChainUnavailable):
                chain.status(SENT)
        else:
            assert chain.status(SENT).state == state


def test_a_head_that_is_behind_the_receipt_makes_nothing_final(node):
    node.answers["eth_blockNumber"] = "0x1"
    with chain_of(node) as chain:
        assert chain.status(SENT).state == TransactionState.MINED


@pytest.mark.parametrize("count", [hex(2**63), hex(2**255), "0x-1", None, [], "three"])
def test_a_nonce_that_nobody_can_count_to_is_no_nonce(node, count):
    node.answers["eth_getTransactionCount"] = count
    with chain_of(node) as chain:
        for ask in (chain.mined_nonce, chain.next_nonce):
            with pytest.raises(ChainUnavailable):
                ask()


@pytest.mark.parametrize(
    "data", ["0x", "0x00", "0x" + "ff" * 96, "0x" + "00" * 95, "0xzz", None, {}, 7]
)
def test_a_contract_s_head_out_of_shape_is_an_outage_and_no_fork(node, data):
    """It must not stop the signing: a node that lost its state says nothing about the log."""
    node.answers["eth_call"] = data
    with chain_of(node) as chain, pytest.raises(ChainUnavailable):
        JsonRpcAnchorRegistry(chain, CONTRACT).head()


@pytest.mark.parametrize("number", [3, 9, 255])
def test_a_number_that_the_contract_does_not_have_is_an_outage(node, number):
    """Not a failure that is counted: another node may answer better."""
    node.answers["eth_call"] = "0x" + number.to_bytes(32).hex() + "00" * 32 * 4
    with chain_of(node) as chain, pytest.raises(ChainUnavailable):
        JsonRpcLicenceRegistry(chain, CONTRACT).standing(bytes(32))
    node.answers["eth_call"] = "0x" + (number + 1).to_bytes(32).hex()[-64:] + "00" * 32 * 2
    with chain_of(node) as chain, pytest.raises(ChainUnavailable):
        JsonRpcKeyRegistry(chain, CONTRACT).key(bytes(32), bytes(32))


def test_a_node_that_says_sent_has_sent_nothing_until_a_block_has_it(node):
    node.answers["eth_getTransactionReceipt"] = None
    with chain_of(node) as chain:
        signed = sign(chain)
        chain.send(signed.raw)
        assert chain.status(signed.transaction_hash).state == TransactionState.UNKNOWN


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9)
    | st.from_regex(r"0x[0-9a-f]{0,80}", fullmatch=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)  # fmt: skip
receipts = st.fixed_dictionaries({name: json_values | st.just(RECEIPT[name]) for name in RECEIPT})


@given(
    method=st.sampled_from(sorted(TRUTH)),
    answer=json_values | receipts,
)
def test_whatever_a_node_answers_ends_in_a_named_outage_or_an_answer(one_node, method, answer):
    one_node.answers = TRUTH | {method: answer}
    with chain_of(one_node) as chain:
        registry = JsonRpcAnchorRegistry(chain, CONTRACT)
        for ask in (
            lambda: chain.facts,
            lambda: chain.status(SENT),
            lambda: chain.block_hash(7),
            lambda: chain.code_at(CONTRACT),
            lambda: sign(chain),
            lambda: chain.send(b"\x01"),
            chain.mined_nonce,
            registry.head,
        ):
            try:
                ask()
            except CounterfoilError as failure:
                assert failure.kind in OUTAGES  # noqa: PT017 -- any of them may fail


def test_an_answer_without_end_is_left(node, monkeypatch):
    monkeypatch.setattr(answers, "ANSWER_BYTES_MAX", 100)
    node.answers["web3_clientVersion"] = "x" * 200
    with chain_of(node) as chain, pytest.raises(ChainUnavailable, match="100 bytes"):
        assert chain.facts


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("begin", "portion"),
    [
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD + b"Content-Length: 60000\r\n\r\n", b" "),
        (HEAD + b"Content-Length: ", b"6"),
    ],
    ids=["chunks", "body", "head"],
)
def test_an_answer_that_trickles_is_left(monkeypatch, begin, portion):
    """Each byte comes long before the socket's own timeout."""
    monkeypatch.setattr(answers, "ANSWER_SECONDS_MAX", 0.1)
    paused, listening = threading.Event(), socket.create_server(("127.0.0.1", 0))

    def trickle():
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(begin)
            for _ in range(PORTIONS):
                connection.sendall(portion)
                paused.wait(0.02)

    threading.Thread(target=trickle, daemon=True).start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with (
        closing(listening),
        closing(JsonRpcChain(url, KEYS.anchorer)) as chain,
        pytest.raises(ChainUnavailable, match="seconds"),
    ):
        chain.block_number()


def test_a_kept_connection_is_bounded_too(node, monkeypatch):
    with chain_of(node) as chain:
        assert chain.block_number() == 7
        monkeypatch.setattr(answers, "ANSWER_SECONDS_MAX", 0.1)
        node.pause_before_answer.clear()
        with pytest.raises(ChainUnavailable, match="seconds"):
            chain.block_number()
        node.pause_before_answer.set()
        monkeypatch.undo()
        assert chain.block_number() == 7


@pytest.mark.parametrize(
    ("offered", "asked", "is_outbid"),
    [
        (GWEI, GWEI, False),
        (8 * GWEI, 9 * GWEI - 1, False),
        (8 * GWEI, 9 * GWEI + 1, True),
        (0, 0, False),
        (0, 1, True),
    ],
)
def test_a_transaction_is_outbid_by_an_eighth(node, offered, asked, is_outbid):
    with chain_of(node) as chain:
        node.answers["eth_gasPrice"] = hex(offered)
        signed = sign(chain)
        node.answers["eth_gasPrice"] = hex(asked)
        assert chain.is_outbid(signed.raw) is is_outbid
        node.answers["eth_gasPrice"] = hex(501 * GWEI)
        with pytest.raises(GasPriceTooHigh):
            chain.is_outbid(signed.raw)
