"""The embedded node's JSON-RPC: strict about what it is asked, honest about what it is."""

import concurrent.futures
import json
import socket

import pytest

from contracts.embedded_chain import CHAIN_ID
from tests.adapters.chain_nodes import embedded, post, rpc, rpc_answer
from tests.unit.contracts.embedded import STRANGER
from tests.unit.contracts.test_embedded_chain import raw_transfer

pytestmark = pytest.mark.chain


@pytest.fixture
def url(tmp_path):
    with embedded(tmp_path / "chain") as address:
        yield address


def test_the_client_version_claims_no_validators(url):
    assert "integrity only, no independent validators" in rpc(url, "web3_clientVersion")
    assert rpc(url, "eth_chainId") == hex(CHAIN_ID)
    assert rpc(url, "net_version") == str(CHAIN_ID)
    assert rpc(url, "eth_accounts") == []


@pytest.mark.parametrize(
    ("method", "parameters", "code"),
    [
        ("eth_sign", [], -32601),
        ("eth_getBalance", [], -32602),
        ("eth_getBalance", ["0x12"], -32602),
        ("eth_getBalance", [12], -32602),
        ("eth_getBlockByNumber", ["one"], -32602),
        ("eth_getBlockByNumber", ["0x" + "1" * 65], -32602),
        ("eth_getTransactionReceipt", ["0x1234"], -32602),
        ("eth_sendRawTransaction", ["0xzz"], -32602),
        ("eth_sendRawTransaction", ["0x00"], -32000),
        ("eth_call", ["nothing"], -32602),
        ("eth_getLogs", [7], -32602),
        ("eth_getCode", [STRANGER.address, "0x99"], -32000),
    ],
)
def test_a_bad_question_gets_an_error_object(url, method, parameters, code):
    assert rpc_answer(url, method, *parameters)["error"]["code"] == code


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{", -32700), (b"\xff", -32700), (b"[" * 5_000, -32700), (b"7", -32600), (b"[]", -32600),
     (b'{"method": 7}', -32600), (b'{"method": "eth_chainId", "params": {}}', -32600)],
)  # fmt: skip
def test_a_body_that_is_no_request_gets_an_error_object(url, body, code):
    assert json.loads(post(url, body))["error"]["code"] == code


def test_a_batch_is_answered_in_order(url):
    body = [{"jsonrpc": "2.0", "id": n, "method": "eth_blockNumber"} for n in range(3)]
    assert [each["id"] for each in json.loads(post(url, json.dumps(body).encode()))] == [0, 1, 2]


def test_an_oversized_body_is_refused_unread(url):
    port = int(url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        assert b" 413 " in connection.recv(1_000)


def test_absent_things_are_null(url):
    assert rpc(url, "eth_getBlockByNumber", "0x99", False) is None
    for method in ("eth_getTransactionByHash", "eth_getTransactionReceipt", "eth_getBlockByHash"):
        assert rpc(url, method, "0x" + "ab" * 32) is None


def test_a_transaction_is_seen_by_every_way_of_asking(url):
    sent = rpc(url, "eth_sendRawTransaction", "0x" + raw_transfer(0).hex())
    receipt = rpc(url, "eth_getTransactionReceipt", sent)
    block = rpc(url, "eth_getBlockByHash", receipt["blockHash"], True)
    assert block == rpc(url, "eth_getBlockByNumber", "latest", True)
    assert block["transactions"] == [rpc(url, "eth_getTransactionByHash", sent)]
    assert block["transactions"][0]["to"] == STRANGER.address.lower()
    assert rpc(url, "eth_getTransactionCount", STRANGER.address, "latest") == "0x1"
    assert rpc(url, "eth_getTransactionCount", STRANGER.address, "earliest") == "0x0"


def test_senders_at_once_are_served_one_after_the_other(url):
    raws = ["0x" + raw_transfer(nonce).hex() for nonce in range(8)]

    def send_until_mined(raw):
        for _ in range(500):
            answer = rpc_answer(url, "eth_sendRawTransaction", raw)
            if "result" in answer:
                return answer["result"]
        return None

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(send_until_mined, raws))
    assert None not in sent
    assert rpc(url, "eth_blockNumber") == hex(8)
