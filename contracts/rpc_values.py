"""Values of the Ethereum JSON-RPC interface: what callers send and what blocks look like."""

import re
from collections.abc import Mapping
from typing import Any

from eth_tester.backends.pyevm.serializers import (
    serialize_block,
    serialize_transaction,
    serialize_transaction_receipt,
)
from eth_typing import Address, Hash32

from contracts.embedded_chain import Call, EmbeddedChain

_NAMES = {"coinbase": "miner"}
_HEX = re.compile(r"0x([0-9a-fA-F]{2})*\Z")
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}\Z")
_ADDRESS_BYTES = 20
_HASH_BYTES = 32


class InvalidParameters(ValueError):
    """The caller's parameters do not fit the method."""


# Out


def shown(value: Any) -> Any:
    """A value as JSON-RPC writes it: quantities and data in hexadecimal, names in camelCase."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int) and not isinstance(value, bool):
        return hex(value)
    if isinstance(value, Mapping):
        return {_camel(key): shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [shown(each) for each in value]
    return value


def _camel(name: str) -> str:
    name = _NAMES.get(name, name)
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def block_value(block: Any, *, is_whole: bool) -> dict[str, Any]:
    """A block, with whole transactions or only their hashes."""
    serialised = serialize_block(block, False, False)  # noqa: FBT003 -- eth-tester takes no names
    transactions: list[Any] = list(serialised["transactions"])
    if is_whole:
        transactions = [transaction_value(block, each) for each in range(len(transactions))]
    value: dict[str, Any] = shown({**serialised, "transactions": transactions})
    return value


def transaction_value(block: Any, position: int) -> dict[str, Any]:
    """A mined transaction."""
    serialised = serialize_transaction(block, block.transactions[position], position, False)  # noqa: FBT003 -- same
    serialised["input"] = serialised.pop("data")
    serialised["to"] = serialised["to"] or None
    value: dict[str, Any] = shown(serialised)
    return value


def receipt_value(chain: EmbeddedChain, block: Any, position: int) -> dict[str, Any]:
    """A mined transaction's receipt, logs included."""
    receipts = chain.receipts_of(block)
    serialised = serialize_transaction_receipt(
        block,
        receipts,
        block.transactions[position],
        position,
        False,  # noqa: FBT003 -- same
        None,
    )
    del serialised["state_root"]
    for log in serialised["logs"]:
        log.update(type="mined", removed=False)
    serialised["logs_bloom"] = receipts[position].bloom.to_bytes(256, "big")
    serialised["to"] = serialised["to"] or None
    value: dict[str, Any] = shown(serialised)
    return value


# In


def parse_data(value: Any, length: int | None = None) -> bytes:
    """Bytes from ``0x…`` text, of a given length when one is named."""
    if not isinstance(value, str) or not _HEX.match(value):
        msg = "data is not 0x-prefixed hexadecimal"
        raise InvalidParameters(msg)
    data = bytes.fromhex(value[2:])
    if length is not None and len(data) != length:
        msg = f"data has {len(data)} bytes, not {length}"
        raise InvalidParameters(msg)
    return data


def parse_quantity(value: Any) -> int:
    """An integer from ``0x…`` text."""
    if not isinstance(value, str) or not _QUANTITY.match(value):
        msg = "a quantity is 0x-prefixed hexadecimal"
        raise InvalidParameters(msg)
    return int(value, 16)


def parse_address(value: Any) -> Address:
    """An account from ``0x`` and 40 digits."""
    return Address(parse_data(value, _ADDRESS_BYTES))


def parse_hash(value: Any) -> Hash32:
    """A hash from ``0x`` and 64 digits."""
    return Hash32(parse_data(value, _HASH_BYTES))


def parse_call(value: Any) -> Call:
    """A call object; one without ``to`` would create a contract."""
    if not isinstance(value, Mapping):
        msg = "a call is an object"
        raise InvalidParameters(msg)
    return Call(
        sender=parse_address(value.get("from", "0x" + "00" * _ADDRESS_BYTES)),
        to=parse_address(value["to"]) if value.get("to") else Address(b""),
        data=parse_data(value.get("input", value.get("data", "0x"))),
        value=parse_quantity(value.get("value", "0x0")),
        gas=parse_quantity(value.get("gas", "0x0")),
    )
