"""Finds event logs in a bounded range of blocks (``eth_getLogs``)."""

from collections.abc import Iterator, Mapping
from typing import Any

from contracts.embedded_chain import EmbeddedChain
from contracts.rpc_values import InvalidParameters, parse_hash, parse_quantity, receipt_value

BLOCKS_MAX = 100_000
LOGS_MAX = 10_000
"""A wider question is refused, never answered in part: a missing log looks like a missing fact."""


def find_logs(chain: EmbeddedChain, wanted: Any) -> list[dict[str, Any]]:
    """The logs that a filter object selects, oldest first; raises `InvalidParameters`."""
    if not isinstance(wanted, Mapping):
        msg = "a filter is an object"
        raise InvalidParameters(msg)
    logs: list[dict[str, Any]] = []
    for number in _numbers(chain, wanted):
        logs += [each for each in _logs_of(chain, number) if _matches(each, wanted)]
        if len(logs) > LOGS_MAX:
            msg = f"more than {LOGS_MAX} logs: ask for fewer blocks"
            raise InvalidParameters(msg)
    return logs


def _numbers(chain: EmbeddedChain, wanted: Mapping[str, Any]) -> range:
    head = chain.head.block_number
    if "blockHash" in wanted:
        block = chain.block_by_hash(parse_hash(wanted["blockHash"]))
        return range(block.number, block.number + 1) if block else range(0)
    first = _number(wanted.get("fromBlock"), head)
    last = min(_number(wanted.get("toBlock"), head), head)
    if last - first >= BLOCKS_MAX:
        msg = f"more than {BLOCKS_MAX} blocks: ask for fewer"
        raise InvalidParameters(msg)
    return range(first, last + 1)


def _number(tag: Any, head: int) -> int:
    if tag is None or tag in ("latest", "pending", "safe", "finalized"):
        return head
    return 0 if tag == "earliest" else parse_quantity(tag)


def _logs_of(chain: EmbeddedChain, number: int) -> Iterator[dict[str, Any]]:
    header = chain.header_at(number)
    if header is None or header.bloom == 0:
        return
    block = chain.block_of(header)
    for position in range(len(block.transactions)):
        yield from receipt_value(chain, block, position)["logs"]


def _matches(log: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    addresses = _lowered(wanted.get("address"))
    if addresses and log["address"] not in addresses:
        return False
    topics = wanted.get("topics") or []
    if len(topics) > len(log["topics"]):
        return False
    pairs = zip(topics, log["topics"], strict=False)
    return all(topic is None or found in _lowered(topic) for topic, found in pairs)


def _lowered(value: Any) -> list[str]:
    if value is None:
        return []
    values = value if isinstance(value, list) else [value]
    return [str(each).lower() for each in values]
