"""The upstream over HTTP/1.1 with http.client: kept-alive, bounded in time and size, no redirects.

http.client over pycurl: pycurl is quicker by a third but has no wheel for every platform that
`make demo` must work on, and the address check needs the socket before the first byte.
"""

import http.client
import json
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from typing_extensions import override

from metering.addresses import Network, may_connect, read_networks
from metering.ports import Target, UpstreamAnswer, UpstreamFailed, UpstreamTimedOut

IDLE_MAX = 64
"""Kept-alive connections per upstream; more in flight are opened and closed again."""
CHUNK = 64 * 1024
_CLOSED = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class _Stale(UpstreamFailed):
    """A connection that was kept alive turned out to be closed."""


class NotAnHttpAddress(UpstreamFailed):
    """The delivery's URL is not one of HTTP, or carries credentials."""


class NameUnresolved(UpstreamFailed):
    """The upstream's name has no address."""


class AddressNotAllowed(UpstreamFailed):
    """The upstream's name resolves to an address that must not be reached from here."""


class AnswerTooLarge(UpstreamFailed):
    """The answer is beyond the size that the listing declares."""


def resolve(host: str, port: int, allowed: Sequence[Network]) -> tuple[str, int]:
    """An address of the host that may be connected to; every address must be permitted.

    Checked here and connected to as a number, so that a second resolution cannot differ
    (DNS rebinding).
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NameUnresolved from error
    addresses = [str(entry[4][0]) for entry in found]
    if not all(may_connect(address, allowed) for address in addresses):
        raise AddressNotAllowed
    return addresses[0], port


class _CheckedConnection(http.client.HTTPConnection):
    """Connects to the checked address and nothing else."""

    def __init__(self, url: SplitResult, networks: Sequence[Network], timeout: float) -> None:
        self._url = url
        self._networks = networks
        self.deadline = 0.0
        self.is_used = False
        port = url.port or (443 if url.scheme == "https" else 80)
        super().__init__(url.hostname or "", port, timeout=timeout)

    @override
    def connect(self) -> None:
        address = resolve(self.host, self.port, self._networks)
        self.sock = socket.create_connection(address, timeout=self.remaining())
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._url.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)

    def remaining(self) -> float:
        """Seconds until the deadline; raises TimeoutError after it."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def start(self, seconds: float) -> None:
        """Begin a call's time; it covers connecting, sending and the whole answer."""
        self.deadline = time.monotonic() + seconds
        if self.sock is not None:
            self.sock.settimeout(seconds)


class HttpUpstream:
    """Satisfies `Upstream`; `networks_allowed` names test and demonstration networks."""

    def __init__(self, networks_allowed: Sequence[str] = ()) -> None:
        self._networks = read_networks(networks_allowed)
        self._idle: dict[tuple[str, str], deque[_CheckedConnection]] = {}
        self._urls: dict[str, SplitResult] = {}
        self._lock = threading.Lock()

    def send(self, target: Target, parameters: Mapping[str, Any]) -> UpstreamAnswer:
        """One answer; raises `UpstreamFailed`, or `UpstreamTimedOut` when its time is over."""
        url = self._split(target.url)
        pool = self._pool(url)
        connection = self._take(pool, url, target)
        try:
            answer = self._ask(connection, url, target, parameters)
        except _Stale:
            # The upstream had closed a kept connection; a lookup may be asked once more.
            connection = _CheckedConnection(url, self._networks, target.timeout_seconds)
            answer = self._ask(connection, url, target, parameters)
        self._keep(pool, connection)
        return answer

    def _take(
        self, pool: deque[_CheckedConnection], url: SplitResult, target: Target
    ) -> _CheckedConnection:
        try:
            return pool.pop()
        except IndexError:
            return _CheckedConnection(url, self._networks, target.timeout_seconds)

    def _ask(
        self,
        connection: _CheckedConnection,
        url: SplitResult,
        target: Target,
        parameters: Mapping[str, Any],
    ) -> UpstreamAnswer:
        try:
            return self._exchange(connection, url, target, parameters)
        except BaseException as error:
            connection.close()
            if isinstance(error, _CLOSED) and connection.is_used:
                raise _Stale from error
            if isinstance(error, TimeoutError):
                raise UpstreamTimedOut from error
            if isinstance(error, OSError | http.client.HTTPException | ValueError):
                raise UpstreamFailed from error
            raise

    def _exchange(
        self,
        connection: _CheckedConnection,
        url: SplitResult,
        target: Target,
        parameters: Mapping[str, Any],
    ) -> UpstreamAnswer:
        connection.start(target.timeout_seconds)
        path, body, headers = _request(url, target, parameters)
        connection.request(target.method, path, body, headers)
        response = connection.getresponse()
        answer = UpstreamAnswer(response.status, _read(connection, response, target))
        connection.is_used = not response.will_close
        return answer

    def _split(self, url: str) -> SplitResult:
        split = self._urls.get(url)
        if split is None:
            split = urlsplit(url)
            if split.scheme not in {"http", "https"} or not split.hostname or split.username:
                raise NotAnHttpAddress
            self._urls[url] = split
        return split

    def _pool(self, url: SplitResult) -> deque[_CheckedConnection]:
        key = (url.scheme, url.netloc)
        pool = self._idle.get(key)
        if pool is None:
            with self._lock:
                pool = self._idle.setdefault(key, deque())
        return pool

    def _keep(self, pool: deque[_CheckedConnection], connection: _CheckedConnection) -> None:
        if connection.is_used and len(pool) < IDLE_MAX:
            pool.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close what is kept alive."""
        with self._lock:
            pools, self._idle = list(self._idle.values()), {}
        for pool in pools:
            while pool:
                pool.pop().close()


def _request(
    url: SplitResult, target: Target, parameters: Mapping[str, Any]
) -> tuple[str, bytes | None, dict[str, str]]:
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    if target.credential_header is not None and target.credential is not None:
        headers[target.credential_header] = target.credential
    path = url.path or "/"
    if target.method == "POST":
        headers["Content-Type"] = "application/json"
        body = json.dumps(parameters, ensure_ascii=False, separators=(",", ":")).encode()
        return (f"{path}?{url.query}" if url.query else path), body, headers
    query = urlencode({name: _as_text(value) for name, value in parameters.items()})
    query = "&".join(part for part in (url.query, query) if part)
    return (f"{path}?{query}" if query else path), None, headers


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(
    connection: _CheckedConnection, response: http.client.HTTPResponse, target: Target
) -> bytes:
    """The whole body within the call's time and size; raises `UpstreamFailed` beyond its size."""
    if response.length is not None and response.length > target.response_bytes_max:
        raise AnswerTooLarge
    if response.length is not None and response.length <= CHUNK:
        _hurry(connection)
        return response.read()
    chunks: list[bytes] = []
    size = 0
    while True:
        _hurry(connection)
        chunk = response.read1(CHUNK)
        if not chunk:
            return b"".join(chunks)
        size += len(chunk)
        if size > target.response_bytes_max:
            raise AnswerTooLarge
        chunks.append(chunk)


def _hurry(connection: _CheckedConnection) -> None:
    """Leave the socket only what is left of the call's time."""
    left = connection.remaining()
    if connection.sock is not None:
        connection.sock.settimeout(left)
