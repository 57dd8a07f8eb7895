"""Bounded HTTP over the standard library: no redirects, limited size, limited time and retries."""

import http.client
import re
import socket
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from counterfoil_verify.errors import NotChecked

STEP = "network"
TIMEOUT_SECONDS = 30
ANSWER_SECONDS_MAX = 120.0
ATTEMPTS_MAX = 3
OK = 200
RETRY_AFTER_MAX = 60
_GZIP = 31


class Answer(NamedTuple):
    """A server's answer, decompressed."""

    status: int
    body: bytes
    retry_after_seconds: int


class Site:
    """One server, spoken to over a kept-open connection per thread."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            self._port = parts.port
        except ValueError as error:
            raise NotChecked(STEP, "not an address") from error
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise NotChecked(STEP, "not an http or https address")
        self._is_secure = parts.scheme == "https"
        self._host = parts.hostname
        self._prefix = parts.path.rstrip("/")
        self._query = f"?{parts.query}" if parts.query else ""
        self._thread = threading.local()
        self._opened: list[http.client.HTTPConnection] = []

    def beside(self, name: str) -> "Site":
        """The same server's folder of a shard: below the log, and beside another shard of it."""
        prefix = re.sub(r"/[0-9]{4}(?:-[0-9]+)?$", "", self._prefix)
        scheme = "https" if self._is_secure else "http"
        host = f"[{self._host}]" if ":" in self._host else self._host
        port = "" if self._port is None else f":{self._port}"
        return Site(f"{scheme}://{host}{port}{prefix}/{name}{self._query}")

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._opened:
            connection.close()
        self._opened.clear()

    def get(self, name: str, headers: Mapping[str, str], *, bytes_max: int) -> Answer:
        """The file `name` below the address; NotChecked when the server cannot be reached."""
        path = f"{self._prefix}/{name}{self._query}"
        return self._ask("GET", path, None, headers, bytes_max=bytes_max)

    def post(self, body: bytes, headers: Mapping[str, str], *, bytes_max: int) -> Answer:
        """The answer to a body sent to the address itself."""
        path = f"{self._prefix or '/'}{self._query}"
        return self._ask("POST", path, body, headers, bytes_max=bytes_max)

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], *,
        bytes_max: int,
    ) -> Answer:  # fmt: skip
        failure: Exception = OSError("never tried")
        for _ in range(ATTEMPTS_MAX):
            connection = self._connection()
            try:
                with _bounded(connection):
                    connection.request(method, path, body, dict(headers))
                    response = connection.getresponse()
                    data = response.read(bytes_max + 1)
                    if len(data) <= bytes_max and not response.isclosed():
                        response.read(1)
                # http.client returns what came before the server hung up, and says no word of it.
                if len(data) <= bytes_max and response.length:
                    raise http.client.IncompleteRead(data, response.length)
                encoding = response.headers.get("Content-Encoding", "identity")
                pause = _seconds(response.headers.get("Retry-After", ""))
                return Answer(response.status, _decoded(data, encoding, bytes_max), pause)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._forget()
                failure = error
        raise NotChecked(STEP, f"{self._host}: {type(failure).__name__}: {failure}"[:300])

    def _connection(self) -> http.client.HTTPConnection:
        found: http.client.HTTPConnection | None = getattr(self._thread, "connection", None)
        if found is None:
            kind = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
            found = kind(self._host, self._port, timeout=TIMEOUT_SECONDS)
            self._thread.connection = found
            self._opened.append(found)
        return found

    def _forget(self) -> None:
        failed = self._connection()
        failed.close()
        self._opened.remove(failed)
        self._thread.connection = None


@contextmanager
def _bounded(connection: http.client.HTTPConnection) -> Iterator[None]:
    """Hang up when the answer is not there in time: a timeout alone bounds no more than a byte."""
    hung_up = threading.Event()

    def hang_up() -> None:
        hung_up.set()
        with suppress(OSError):
            if connection.sock is not None:
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(ANSWER_SECONDS_MAX, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if hung_up.is_set():
            raise NotChecked(STEP, f"no whole answer within {ANSWER_SECONDS_MAX} seconds")


def _seconds(text: str) -> int:
    """Retry-After in seconds (RFC 9110, section 10.2.3); a date counts as one second."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(RETRY_AFTER_MAX))
    return min(int(text), RETRY_AFTER_MAX) if is_number else 1


def _decoded(data: bytes, encoding: str, bytes_max: int) -> bytes:
    if len(data) > bytes_max:
        raise NotChecked(STEP, f"the server sent more than {bytes_max} bytes")
    if encoding == "identity":
        return data
    if encoding != "gzip":
        raise NotChecked(STEP, f"the server sent the encoding {encoding[:40]!r}")
    unpacker = zlib.decompressobj(_GZIP)
    try:
        unpacked = unpacker.decompress(data, bytes_max + 1)
    except zlib.error as error:
        raise NotChecked(STEP, "the server sent broken gzip") from error
    if len(unpacked) > bytes_max:
        raise NotChecked(STEP, f"the server sent more than {bytes_max} bytes")
    if not unpacker.eof or unpacker.unused_data:
        raise NotChecked(STEP, "the server sent broken gzip")
    return unpacked
