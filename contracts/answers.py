"""A node's answers: read within bounds, and taken for no more than their shape holds."""

import time
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override

from contracts.limits import ANSWER_BYTES_MAX, ANSWER_SECONDS_MAX, counted

_PORTION = 65_536


@dataclass(frozen=True)
class MinedReceipt:
    """What of a transaction's receipt counts."""

    transaction_hash: str
    block_number: int
    block_hash: str
    is_successful: bool
    gas_used: int


def read_receipt(answer: Any) -> MinedReceipt:
    """A receipt from a node's answer; raises whatever its shape gives, or `ChainUnavailable`."""
    return MinedReceipt(
        transaction_hash=spelled(answer["transactionHash"]),
        block_number=counted(answer["blockNumber"], "the receipt's block"),
        block_hash=spelled(answer["blockHash"]),
        is_successful=answer["status"] == 1,
        gas_used=counted(answer["gasUsed"], "the gas used"),
    )


class BoundedAdapter(HTTPAdapter):
    """Reads no more of an answer than there is room for, and for no longer than there is time."""

    @override
    def send(self, request: Any, *args: Any, **options: Any) -> requests.Response:
        """The answer with its whole body; raises `requests.RequestException` beyond a bound."""
        until = time.monotonic() + ANSWER_SECONDS_MAX
        response = super().send(request, *args, **{**options, "stream": True})
        body = b""
        for portion in response.iter_content(_PORTION):
            body += portion
            if len(body) > ANSWER_BYTES_MAX or time.monotonic() > until:
                response.close()
                message = f"more than {ANSWER_BYTES_MAX} bytes or {ANSWER_SECONDS_MAX} seconds"
                raise requests.RequestException(message)
        response._content = body  # noqa: SLF001 -- where requests keeps what it has read itself
        return response


def spelled(value: bytes) -> str:
    """Bytes in hexadecimal behind ``0x``."""
    return "0x" + bytes(value).hex()
