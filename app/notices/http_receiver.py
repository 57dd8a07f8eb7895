"""Sends messages over HTTP/1.1: one connection a message, bounded, address checked, no redirects.

Only the status and `Retry-After` of an answer are read; its body is received within a bound, so
that the receiver can finish, and thrown away.
"""

import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.public_networks import AddressNotAllowed, Lookup, NameUnresolved, look_up, resolve
from app.notices.errors import UnfitReceiverUrl
from app.notices.receiver_urls import ReceiverPolicy, ReceiverUrl, read_receiver_url
from app.notices.retry_rules import Attempt, Outcome, judge

TIMEOUT_SECONDS = 10.0
HEAD_BYTES_MAX = 16 * 1024
BODY_BYTES_MAX = 64 * 1024
_DRAIN_SECONDS = 1.0
_RECEIVE_BYTES = 8 * 1024
_PORTION_BYTES = 16 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: |\Z)")
_RETRY_AFTER = re.compile(rb"^retry-after:[ \t]*(\d{1,7})[ \t]*$", re.IGNORECASE | re.MULTILINE)
_INTERIM_BELOW = 200


class _NotHttp(Exception):
    """The bytes are no HTTP/1.1 answer."""


class _TooLarge(Exception):
    """The answer's head is beyond its bound."""


_OUTCOMES: tuple[tuple[type[Exception], Outcome], ...] = (
    (UnfitReceiverUrl, Outcome.ADDRESS_REFUSED),
    (NameUnresolved, Outcome.UNRESOLVED),
    (AddressNotAllowed, Outcome.ADDRESS_REFUSED),
    (TimeoutError, Outcome.TIMED_OUT),
    (ssl.SSLError, Outcome.TLS_FAILED),
    (_NotHttp, Outcome.NOT_HTTP),
    (_TooLarge, Outcome.TOO_LARGE),
    (OSError, Outcome.UNREACHABLE),
)
"""The order matters: several of these are kinds of OSError."""


@dataclass(frozen=True)
class HttpReceivers:
    """Satisfies `Receivers`; ``context`` says which certificates are believed."""

    policy: ReceiverPolicy
    timeout_seconds: float = TIMEOUT_SECONDS
    context: ssl.SSLContext | None = None
    lookup: Lookup = look_up

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Send one message; whatever goes wrong is an outcome."""
        deadline = _Deadline(time.monotonic() + self.timeout_seconds)
        try:
            receiver = read_receiver_url(url, self.policy)
            with self._connect(receiver, deadline) as sock:
                return _exchange(sock, _request(receiver, headers, body), deadline)
        except tuple(kind for kind, _ in _OUTCOMES) as error:
            return Attempt(next(out for kind, out in _OUTCOMES if isinstance(error, kind)))

    def _connect(self, receiver: ReceiverUrl, deadline: "_Deadline") -> socket.socket:
        address = resolve(receiver.host, receiver.port, self.policy.networks, self.lookup)
        sock = socket.create_connection(address, timeout=deadline.seconds_left())
        if not receiver.is_https:
            return sock
        try:
            # The handshake as a whole is bounded by the socket's timeout.
            sock.settimeout(deadline.seconds_left())
            context = self.context or ssl.create_default_context()
            return context.wrap_socket(sock, server_hostname=receiver.host)
        except BaseException:
            sock.close()
            raise


@dataclass(frozen=True, slots=True)
class _Deadline:
    """One end for everything that belongs to a message."""

    instant: float

    def seconds_left(self) -> float:
        left = self.instant - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _request(receiver: ReceiverUrl, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [
        f"POST {receiver.target} HTTP/1.1",
        f"host: {receiver.host_header}",
        "user-agent: counterfoil-webhooks",
        "accept-encoding: identity",
        "connection: close",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


def _exchange(sock: socket.socket, request: bytes, deadline: _Deadline) -> Attempt:
    _send(sock, request, deadline)
    head, rest_size = _head(sock, deadline)
    match = _STATUS.match(head.split(b"\r\n", 1)[0])
    assert match is not None  # `_head` ends with a final answer's head
    asked = _RETRY_AFTER.search(head.replace(b"\r\n", b"\n"))
    _drain(sock, rest_size, deadline)
    return judge(int(match.group(1)), int(asked.group(1)) if asked else None)


def _send(sock: socket.socket, request: bytes, deadline: _Deadline) -> None:
    """In portions: over TLS a timeout bounds each write, not all of them."""
    for start in range(0, len(request), _PORTION_BYTES):
        sock.settimeout(deadline.seconds_left())
        sock.sendall(request[start : start + _PORTION_BYTES])


def _head(sock: socket.socket, deadline: _Deadline) -> tuple[bytes, int]:
    """The head of the final answer, and how much of the body came along with it."""
    received = b""
    while True:
        head, end, rest = received.partition(b"\r\n\r\n")
        if end:
            match = _STATUS.match(head.split(b"\r\n", 1)[0])
            if match is None:
                raise _NotHttp
            if int(match.group(1)) >= _INTERIM_BELOW:
                return head, len(rest)
            received = rest
            continue
        if len(received) > HEAD_BYTES_MAX:
            raise _TooLarge
        sock.settimeout(deadline.seconds_left())
        portion = sock.recv(_RECEIVE_BYTES)
        if not portion:
            raise _NotHttp
        received += portion


def _drain(sock: socket.socket, size: int, deadline: _Deadline) -> None:
    """Let the receiver finish; closing earlier would look like a broken connection there."""
    until = min(deadline.instant, time.monotonic() + _DRAIN_SECONDS)
    try:
        while size < BODY_BYTES_MAX and (left := until - time.monotonic()) > 0:
            sock.settimeout(left)
            portion = sock.recv(_RECEIVE_BYTES)
            if not portion:
                return
            size += len(portion)
    except OSError:
        return  # the answer was given; how its body ends changes nothing
