"""One HTTP/1.1 exchange, read strictly and within bounds (RFC 9112).

http.client spends more time in its general header parser than the network takes; here only what
decides the body's end is read, and whatever is ambiguous about that end is refused. `AnswerReader`
knows no network: a `Wire` feeds it from a socket, and a loop's connection from what arrives.
"""

import re
import select
import socket
import ssl
import struct
import time
from collections.abc import Generator
from typing import NamedTuple

HEAD_BYTES_MAX = 32 * 1024
CHUNK_LINE_MAX = 1024
_LINE_ENDS = 4
"""Octets: one end after a chunk's length, one after its data."""
RECEIVE = 64 * 1024
SLACK_SECONDS = 0.02
"""How much longer than asked a wait may take where that saves a system call."""

INTERIM_MAX = 8
"""Interim answers that are passed over before the one that was asked for."""

_STATUS = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: |$)")
_LENGTH = re.compile(rb"\d{1,12}")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?", re.DOTALL)
_NO_BODY = frozenset({204, 304})


class WireBroken(Exception):
    """The bytes are not one HTTP/1.1 answer that could be read safely."""


class WireCut(WireBroken):
    """The other side closed in the middle of an answer."""


class WireTooLarge(Exception):
    """The answer is beyond its bound."""


class WireClosed(Exception):
    """The other side closed before the first byte of an answer."""


class Head(NamedTuple):
    """What of the head decides how the body ends."""

    status: int
    length: int | None
    is_chunked: bool
    is_kept: bool


def parse_head(head: bytes) -> Head:
    """The head without its empty line; raises `WireBroken`."""
    lines = head.split(b"\r\n")
    match = _STATUS.match(lines[0])
    if match is None:
        raise WireBroken
    fields = _fields(lines[1:])
    length, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
    if length is not None and (coding is not None or not _LENGTH.fullmatch(length)):
        raise WireBroken
    if coding not in (None, b"chunked"):
        raise WireBroken
    if fields.get(b"content-encoding", b"identity") != b"identity":
        raise WireBroken  # none was offered
    connection = fields.get(b"connection", b"")
    is_kept = b"close" not in connection and (match.group(1) == b"1" or b"keep-alive" in connection)
    status = int(match.group(2))
    return Head(status, None if length is None else int(length), coding is not None, is_kept)


_DECIDING = frozenset({b"content-length", b"transfer-encoding", b"content-encoding", b"connection"})


def _fields(lines: list[bytes]) -> dict[bytes, bytes]:
    """The fields that decide the body's end, in lower case; raises `WireBroken`."""
    fields: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            raise WireBroken  # folded lines and blanks before the colon smuggle headers
        name = name.lower()
        if name in _DECIDING:
            value = value.strip(b" \t").lower()
            if fields.setdefault(name, value) != value:
                raise WireBroken
    return fields


Answer = tuple[int, bytes]
"""Status and whole body."""
Reading = Generator[None, bytes, Answer]
"""Wants the next bytes each time it yields; nothing (``b""``) is the other side's end."""


class AnswerReader:
    """Reads one answer out of the bytes that it is given."""

    def __init__(self, body_bytes_max: int) -> None:
        self._most = body_bytes_max
        self._buffer = b""
        self._at = 0
        """Where in the buffer reading goes on: cutting it at every chunk would cost its square."""
        self.is_kept = False
        """Whether another exchange may follow; known when the answer is whole."""

    def read(self) -> Reading:
        """The steps; they raise `WireTooLarge`, `WireBroken`, `WireCut` and `WireClosed`."""
        self._buffer = yield
        if not self._buffer:
            raise WireClosed
        head = yield from self._head()
        body = yield from self._body(head)
        # Bytes that nobody asked for would be taken for the next answer.
        self.is_kept = head.is_kept and self._at == len(self._buffer)
        return head.status, body

    def _more(self) -> Generator[None, bytes, None]:
        data = yield
        if not data:
            raise WireCut
        self._buffer = self._buffer[self._at :] + data
        self._at = 0

    def _head(self) -> Generator[None, bytes, Head]:
        for _ in range(INTERIM_MAX + 1):
            head = parse_head((yield from self._until(b"\r\n\r\n", HEAD_BYTES_MAX)))
            if head.status >= 200:  # noqa: PLR2004 -- below are interim answers (RFC 9110 section 15.2)
                return head
        raise WireTooLarge

    def _until(self, mark: bytes, most: int) -> Generator[None, bytes, bytes]:
        """What stands before the next mark, at most so many bytes; the mark is read over."""
        while True:
            end = self._buffer.find(mark, self._at)
            if 0 <= end <= self._at + most:
                found, self._at = self._buffer[self._at : end], end + len(mark)
                return found
            if len(self._buffer) - self._at > most + len(mark):
                raise WireTooLarge
            yield from self._more()

    def _body(self, head: Head) -> Generator[None, bytes, bytes]:
        if head.status in _NO_BODY:
            return b""
        if head.is_chunked:
            return (yield from self._chunked())
        if head.length is None:
            return (yield from self._to_the_end())
        if head.length > self._most:
            raise WireTooLarge
        return (yield from self._exactly(head.length))

    def _exactly(self, length: int) -> Generator[None, bytes, bytes]:
        if len(self._buffer) - self._at < length:
            parts, size = [self._buffer[self._at :]], len(self._buffer) - self._at
            while size < length:
                data = yield
                if not data:
                    raise WireCut
                parts.append(data)
                size += len(data)
            self._buffer, self._at = b"".join(parts), 0
        start, self._at = self._at, self._at + length
        return self._buffer[start : self._at]

    def _to_the_end(self) -> Generator[None, bytes, bytes]:
        parts, size = [self._buffer[self._at :]], len(self._buffer) - self._at
        while size <= self._most:
            data = yield
            if not data:
                return b"".join(parts)
            parts.append(data)
            size += len(data)
        raise WireTooLarge

    def _chunked(self) -> Generator[None, bytes, bytes]:
        parts: list[bytes] = []
        size = framing = 0
        while True:
            line = yield from self._until(b"\r\n", CHUNK_LINE_MAX)
            length = _chunk_length(line)
            size += length
            framing += len(line) + _LINE_ENDS
            # More around the chunks than in them makes work, and no answer (RFC 9112, 7.1.1).
            if size > self._most or framing > HEAD_BYTES_MAX + size:
                raise WireTooLarge
            if not length:
                yield from self._trailer()
                return b"".join(parts)
            parts.append((yield from self._exactly(length)))
            if (yield from self._exactly(2)) != b"\r\n":
                raise WireBroken

    def _trailer(self) -> Generator[None, bytes, None]:
        left = HEAD_BYTES_MAX
        while line := (yield from self._until(b"\r\n", left)):
            left -= len(line) + 2


def _chunk_length(line: bytes) -> int:
    match = _CHUNK.fullmatch(line)
    if match is None:
        raise WireBroken
    return int(match.group(1), 16)


class Wire:
    """A connected socket that a thread waits at."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        # A plain socket blocks, bounded by the kernel: Python's own time-outs cost another system
        # call, and another wait for Python's lock, before every send and receive.
        self._is_plain = not isinstance(sock, ssl.SSLSocket)
        self._bound = 0.0
        if self._is_plain:
            sock.settimeout(None)
        self._deadline = 0.0
        self.is_kept = False
        """Whether another exchange may follow."""

    def exchange(self, request: bytes, *, seconds: float, body_bytes_max: int) -> Answer:
        """Send, and read status and whole body.

        Raises TimeoutError after ``seconds`` in all, `WireTooLarge`, `WireBroken`, `WireClosed`
        and OSError.
        """
        self._deadline = time.monotonic() + seconds
        self.is_kept = False
        try:
            self._bind(seconds)
            self._sock.sendall(request)
        except BlockingIOError as error:
            raise TimeoutError from error
        reader = AnswerReader(body_bytes_max)
        reading = reader.read()
        next(reading)
        try:
            while True:
                reading.send(self._receive())
        except StopIteration as whole:
            self.is_kept = reader.is_kept
            answer: Answer = whole.value
            return answer

    def _receive(self) -> bytes:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._bind(left)
        try:
            return self._sock.recv(RECEIVE)
        except BlockingIOError as error:
            raise TimeoutError from error

    def _bind(self, seconds: float) -> None:
        """Bound the socket's next wait; by up to `SLACK_SECONDS` more where that saves a call."""
        if not self._is_plain:
            self._sock.settimeout(seconds)
        elif not 0 <= self._bound - seconds <= SLACK_SECONDS:
            self._bound = seconds + SLACK_SECONDS / 2
            whole = int(self._bound)
            timeval = struct.pack("@ll", whole, int((self._bound - whole) * 1e6))
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)

    def is_silent(self) -> bool:
        """Whether nothing arrived since the last answer: neither an end nor bytes unasked for."""
        asked = select.poll()
        asked.register(self._sock, select.POLLIN)
        return not asked.poll(0)

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()
