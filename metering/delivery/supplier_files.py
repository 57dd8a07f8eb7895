"""A file at its supplier's system, read in pieces: the bounds of calls, but for its length.

Every request asks for a range, so that the system tells how long the whole file is; nothing is
kept alive. Redirects, chunks and compression are refused, as nobody could tell where they end.
"""

import re
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from app.core.public_networks import Lookup, look_up, read_networks
from metering.delivery.deliveries import status_failure
from metering.delivery.errors import FailureKind
from metering.delivery.http_wire import HEAD_BYTES_MAX, INTERIM_MAX, Head, WireBroken, parse_head
from metering.delivery.sockets import open_socket
from metering.delivery.upstream_requests import (
    FileFailed,
    NotConnected,
    Question,
    read_place,
    refuse,
)
from metering.ports import Target, UpstreamFailed

Value = TypeVar("Value")
CHUNK_BYTES = 64 * 1024
_CONTENT_RANGE = re.compile(
    rb"(?im)^content-range:[ \t]*bytes (\d{1,19})-(\d{1,19})/(\d{1,19})\r?$"
)
_INTERIM = 200


class _Wanted(NamedTuple):
    first: int
    last: int
    size_bytes: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class HttpFileReader:
    """A range of a file on its way; each piece has the target's time to arrive."""

    def __init__(self, sock: socket.socket, first: bytes, length: int, seconds: float) -> None:
        self._sock, self._buffer, self._left, self._seconds = sock, first, length, seconds

    def read(self) -> bytes:
        """The next `CHUNK_BYTES`, or what is left; nothing at the end. Raises `UpstreamFailed`."""
        wanted = min(self._left, CHUNK_BYTES)
        deadline = time.monotonic() + self._seconds
        while len(self._buffer) < wanted:
            data = _told(lambda: _receive(self._sock, deadline))
            if not data:
                raise FileFailed(FailureKind.CLOSED_EARLY)
            self._buffer += data
        piece, self._buffer = self._buffer[:wanted], self._buffer[wanted:]
        self._left -= len(piece)
        if not self._left and self._buffer:
            raise FileFailed(FailureKind.LENGTH_DIFFERS)
        return piece

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()


class SupplierHttpFiles:
    """Satisfies `SupplierFiles`; ``networks_allowed`` names test and demonstration networks."""

    def __init__(self, networks_allowed: Sequence[str] = (), lookup: Lookup = look_up) -> None:
        self._networks = read_networks(networks_allowed)
        self._lookup = lookup

    def open(
        self, target: Target, *, name: str, size_bytes: int, first: int, last: int
    ) -> HttpFileReader:
        """The range as the supplier's system serves it; raises `UpstreamFailed`."""
        wanted = _Wanted(first, last, size_bytes)
        question = _question(target, name, wanted)
        sock = _told(lambda: self._connect(question))
        try:
            head, raw, rest = _told(lambda: _ask(sock, question))
            _demand_range(head, raw, wanted)
        except BaseException:
            sock.close()
            raise
        return HttpFileReader(sock, rest, wanted.length, target.timeout_seconds)

    def _connect(self, question: Question) -> socket.socket:
        try:
            return open_socket(question, self._networks, self._lookup)
        except TimeoutError:
            raise
        except OSError as error:
            raise NotConnected(error) from error


def _question(target: Target, name: str, wanted: _Wanted) -> Question:
    place = read_place(replace(target, url=f"{target.url.rstrip('/')}/{quote(name)}"))
    lines = [
        f"GET {place.path} HTTP/1.1".encode(),
        place.fixed.replace(b"Accept: application/json", b"Accept: */*", 1),
        f"Range: bytes={wanted.first}-{wanted.last}".encode(),
        b"Connection: close\r\n\r\n",
    ]
    until = time.monotonic() + target.timeout_seconds
    return Question(place, b"\r\n".join(lines), until, wanted.length)


def _ask(sock: socket.socket, question: Question) -> tuple[Head, bytes, bytes]:
    """Send, and read the head: as it is read, as it came, and what came behind it."""
    sock.settimeout(question.seconds_left())
    sock.sendall(question.request)
    buffer = b""
    for _ in range(INTERIM_MAX + 1):
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            if len(buffer) > HEAD_BYTES_MAX:
                raise WireBroken
            data = _receive(sock, question.deadline)
            if not data:
                raise FileFailed(FailureKind.CLOSED_EARLY)
            buffer += data
        raw, buffer = buffer[:end], buffer[end + 4 :]
        head = parse_head(raw)
        if head.status >= _INTERIM:
            return head, raw, buffer
    raise WireBroken


def _receive(sock: socket.socket, deadline: float) -> bytes:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    sock.settimeout(left)
    return sock.recv(CHUNK_BYTES)


def _demand_range(head: Head, raw: bytes, wanted: _Wanted) -> None:
    if head.status == HTTPStatus.OK and wanted.length != wanted.size_bytes:
        raise FileFailed(FailureKind.RANGE_NOT_SERVED)
    if head.status == HTTPStatus.PARTIAL_CONTENT:
        _demand_place(raw, wanted)
    elif head.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise FileFailed(FailureKind.LENGTH_DIFFERS)
    elif head.status != HTTPStatus.OK:
        raise FileFailed(status_failure(head.status), str(head.status))
    if head.is_chunked or head.length != wanted.length:
        raise FileFailed(FailureKind.LENGTH_DIFFERS)


def _demand_place(raw: bytes, wanted: _Wanted) -> None:
    """The one Content-Range says which bytes of how many these are."""
    found = _CONTENT_RANGE.findall(raw)
    if len(found) != 1:
        raise FileFailed(FailureKind.RANGE_NOT_SERVED)
    first, last, size = map(int, found[0])
    if size != wanted.size_bytes:
        raise FileFailed(FailureKind.LENGTH_DIFFERS)
    if (first, last) != (wanted.first, wanted.last):
        raise FileFailed(FailureKind.RANGE_NOT_SERVED)


def _told(step: Callable[[], Value]) -> Value:
    """The step's value; whatever the wire raises is told as the port tells it."""
    try:
        return step()
    except UpstreamFailed:
        raise
    except Exception as error:
        refuse(error, was_kept=False)
        raise
