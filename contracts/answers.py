"""A node's answers: read within bounds, and taken for no more than their shape holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from app.core.socket_bounds import SocketBound
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


_bound: ContextVar[SocketBound] = ContextVar("bound")
"""Of the question that is being asked in this thread."""


class _Watched(HTTPConnection):
    """Its socket is under the bound of the question that is asked over it."""

    @override
    def connect(self) -> None:
        super().connect()
        _bound.get().watch(self.sock)

    @override
    def request(self, *args: Any, **options: Any) -> None:
        if self.sock is not None:  # kept open since the last question
            _bound.get().watch(self.sock)
        super().request(*args, **options)


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


class BoundedAdapter(HTTPAdapter):
    """Reads no more of an answer than there is room for, and for no longer than there is time."""

    @override
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    @override
    def send(self, request: Any, *args: Any, **options: Any) -> requests.Response:
        """The answer with its whole body; raises `requests.RequestException` beyond a bound."""
        try:
            with _bounded():
                return _whole(super().send(request, *args, **{**options, "stream": True}))
        except TimeoutError as error:
            message = f"no whole answer within {ANSWER_SECONDS_MAX} seconds"
            raise requests.RequestException(message) from error


@contextmanager
def _bounded() -> Iterator[None]:
    with SocketBound(ANSWER_SECONDS_MAX) as bound:
        token = _bound.set(bound)
        try:
            yield
        finally:
            _bound.reset(token)


def _whole(response: requests.Response) -> requests.Response:
    body = b""
    for portion in response.iter_content(_PORTION):
        body += portion
        if len(body) > ANSWER_BYTES_MAX:
            response.close()
            message = f"more than {ANSWER_BYTES_MAX} bytes"
            raise requests.RequestException(message)
    response._content = body  # noqa: SLF001 -- where requests keeps what it has read itself
    return response


def spelled(value: bytes) -> str:
    """Bytes in hexadecimal behind ``0x``."""
    return "0x" + bytes(value).hex()
