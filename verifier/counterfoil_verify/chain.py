"""What the anchor contract says, asked of any EVM node over JSON-RPC (Ethereum execution API)."""

import json
import re
from typing import NamedTuple

from counterfoil_verify.canonical import Json, parse_json
from counterfoil_verify.errors import NotChecked, Rejected
from counterfoil_verify.merkle import Head
from counterfoil_verify.transport import OK, Site

STEP = "chain"
ANSWER_BYTES_MAX = 4_194_304
LATEST = "latest"

# keccak256 is not in the standard library, so the values are given with what they derive from.
HEAD_SELECTOR = "0x8f7dcfa3"
"""First four bytes of keccak256("head()"), which returns (uint64 size, bytes32 root, …)."""
HEAD_ANCHORED_TOPIC = "0x543dd248581ed28d29a7d9ee5020b3e6b5d55e99665b0eba88c668b500f516c7"
"""keccak256("HeadAnchored(uint64,bytes32,uint64)"): size and root indexed, time as data."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_QUANTITY = re.compile(r"0x[0-9a-f]{1,16}")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2}){0,4096}")
_WORD = 32
_WORD_TEXT = re.compile(r"0x[0-9a-fA-F]{64}")


class Announced(NamedTuple):
    """A head as an event of the contract tells it, and the block of the event, if it is named."""

    head: Head
    block_number: int | None


class Mined(NamedTuple):
    """Where a transaction was mined, and the heads that the contract announced in it."""

    block_number: int
    block_hash: str
    heads: tuple[Head, ...]


def parse_address(text: str, step: str) -> str:
    """A contract address in lower case."""
    if not _ADDRESS.fullmatch(text):
        raise Rejected(step, "not a contract address")
    return text.lower()


class Chain:
    """One node, asked read-only questions; an answer out of shape is never taken for evidence."""

    def __init__(self, url: str) -> None:
        self._site = Site(url)
        self._number = 0

    def close(self) -> None:
        """Close the connection to the node."""
        self._site.close()

    def ask(self, method: str, *parameters: Json) -> Json:
        """The result of a JSON-RPC 2.0 call; NotChecked when the node has none."""
        self._number += 1
        request = {
            "jsonrpc": "2.0", "id": self._number, "method": method, "params": list(parameters),
        }  # fmt: skip
        headers = {"Content-Type": "application/json"}
        answer = self._site.post(json.dumps(request).encode(), headers, bytes_max=ANSWER_BYTES_MAX)
        if answer.status != OK:
            raise NotChecked(STEP, f"the node answers {answer.status}")
        try:
            document = parse_json(answer.body)
        except Rejected as error:
            raise NotChecked(STEP, "the node does not answer in JSON") from error
        if not isinstance(document, dict) or document.get("id") != self._number:
            raise NotChecked(STEP, "the node answers something else")
        if "result" not in document:
            raise NotChecked(STEP, f"{method}: {str(document.get('error'))[:200]}")
        return document["result"]

    def chain_id(self) -> int:
        """The chain's number (EIP-695)."""
        return _quantity(self.ask("eth_chainId"))

    def newest_block(self) -> int:
        """The number of the newest block."""
        return _quantity(self.ask("eth_blockNumber"))

    def tagged_block(self, tag: str) -> int | None:
        """The number of the block under a tag; None where the node does not know the tag."""
        try:
            block = self.ask("eth_getBlockByNumber", tag, False)  # noqa: FBT003 -- positional in JSON-RPC: without transactions
        except NotChecked:
            return None
        return _quantity(block.get("number")) if isinstance(block, dict) else None

    def head(self, contract: str, block: str = LATEST) -> Head:
        """The newest head that the contract keeps; size 0 before the first anchor."""
        question: Json = {"to": contract, "data": HEAD_SELECTOR}
        data = _data(self.ask("eth_call", question, block))
        if len(data) < 2 * _WORD:
            raise NotChecked(STEP, "no anchor registry at that address")
        return Head(int.from_bytes(data[:_WORD]), data[_WORD : 2 * _WORD])

    def anchored(self, contract: str, tree_size: int, block: str = LATEST) -> Announced | None:
        """The head of that size which the contract once announced, if it did."""
        topics: list[Json] = [HEAD_ANCHORED_TOPIC, f"0x{tree_size:064x}"]
        question: Json = {
            "address": contract, "topics": topics, "fromBlock": "0x0", "toBlock": block,
        }  # fmt: skip
        found = _announced(self.ask("eth_getLogs", question), contract)
        return next((each for each in found if each.head.tree_size == tree_size), None)

    def mined(self, transaction_hash: str, contract: str) -> Mined | None:
        """A transaction that succeeded, with the heads anchored in it; None when there is none."""
        receipt = self.ask("eth_getTransactionReceipt", transaction_hash)
        if receipt is None:
            return None
        if not isinstance(receipt, dict):
            raise NotChecked(STEP, "the node answers something else than a receipt")
        if _quantity(receipt.get("status")) != 1:
            return None
        heads = tuple(each.head for each in _announced(receipt.get("logs"), contract))
        block_hash = str(receipt.get("blockHash")).lower()
        return Mined(_quantity(receipt.get("blockNumber")), block_hash, heads)


def _quantity(value: Json) -> int:
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise NotChecked(STEP, "the node answers something else than a number")
    return int(value, 16)


def _data(value: Json) -> bytes:
    if not isinstance(value, str) or not _DATA.fullmatch(value):
        raise NotChecked(STEP, "the node answers something else than bytes")
    return bytes.fromhex(value[2:])


def _announced(logs: Json, contract: str) -> list[Announced]:
    if not isinstance(logs, list):
        raise NotChecked(STEP, "the node answers something else than events")
    found = [_head_of(log, contract) for log in logs]
    return [each for each in found if each is not None]


def _head_of(log: Json, contract: str) -> Announced | None:
    """The head in an event, or None for an event of another contract or kind."""
    if not isinstance(log, dict) or str(log.get("address")).lower() != contract:
        return None
    topics = log.get("topics")
    if not isinstance(topics, list) or len(topics) != 3 or topics[0] != HEAD_ANCHORED_TOPIC:  # noqa: PLR2004 - the signature and two indexed members
        return None
    words = [str(topic) for topic in topics[1:]]
    if not all(_WORD_TEXT.fullmatch(word) for word in words):
        raise NotChecked(STEP, "the node answers an event out of shape")
    block = log.get("blockNumber")
    head = Head(int(words[0], 16), bytes.fromhex(words[1][2:]))
    return Announced(head, None if block is None else _quantity(block))
