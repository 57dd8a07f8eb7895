"""The upstream over HTTP/1.1: pooled, bounded in time and size, no redirects, addresses checked."""

import json
import re
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote_plus, urlsplit

from app.core.public_networks import (
    AddressNotAllowed,
    Lookup,
    NameUnresolved,
    look_up,
    read_networks,
    resolve,
)
from metering.http_wire import Wire, WireBroken, WireClosed, WireCut, WireTooLarge
from metering.ports import Target, UpstreamAnswer, UpstreamFailed, UpstreamTimedOut

IDLE_MAX = 64
"""Kept-alive connections per upstream; more in flight are opened and closed again."""
PLACES_MAX = 10_000
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*", re.ASCII)
_HEADER_VALUE = re.compile(r"[ -~]{0,8192}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,128}", re.ASCII)


class NotAnHttpAddress(UpstreamFailed):
    """The delivery's URL is not one of HTTP, or carries credentials."""

    reason = "address_unfit"


class AnswerTooLarge(UpstreamFailed):
    """The answer is beyond the size that the listing declares."""

    reason = "answer_too_large"


class AnswerBroken(UpstreamFailed):
    """The answer is not one of HTTP/1.1 whose end is beyond doubt."""

    reason = "answer_broken"


class ClosedEarly(UpstreamFailed):
    """The upstream closed the connection before the answer was whole."""

    reason = "closed_early"


class NotConnected(UpstreamFailed):
    """There is no connection; says which of its steps failed."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        kinds = ((NameUnresolved, "name_unresolved"), (AddressNotAllowed, "address_refused"))
        found = (
            reason
            for kind, reason in (*kinds, (ssl.SSLError, "tls_failed"))
            if isinstance(error, kind)
        )
        self.reason = next(found, "connection_failed")


@dataclass(frozen=True, slots=True)
class _Place:
    """A target read once: where it is, what every request to it begins with, idle connections."""

    host: str
    port: int
    context: ssl.SSLContext | None
    path: str
    query: str
    fixed: bytes
    idle: deque[Wire] = field(default_factory=deque)


class _Question(NamedTuple):
    """One request and the bounds of its answer."""

    place: _Place
    request: bytes
    deadline: float
    body_bytes_max: int

    def seconds_left(self) -> float:
        return max(self.deadline - time.monotonic(), 0.001)


class HttpUpstream:
    """Satisfies `Upstream`; `networks_allowed` names test and demonstration networks."""

    def __init__(self, networks_allowed: Sequence[str] = (), lookup: Lookup = look_up) -> None:
        self._networks = read_networks(networks_allowed)
        self._lookup = lookup
        self._places: dict[Target, _Place] = {}
        self._lock = threading.Lock()

    def send(self, target: Target, parameters: Mapping[str, Any]) -> UpstreamAnswer:
        """One answer; raises `UpstreamFailed`, or `UpstreamTimedOut` when its time is over."""
        place = self._places.get(target) or self._place(target)
        question = _Question(
            place,
            _request(target, place, parameters),
            time.monotonic() + target.timeout_seconds,
            target.response_bytes_max,
        )
        wire = _kept(place)
        if wire is None:
            return self._ask_afresh(question)
        try:
            return self._ask(wire, question)
        except _Stale:
            # The upstream had closed a kept connection; a lookup may be asked once more.
            return self._ask_afresh(question)

    def _ask_afresh(self, question: _Question) -> UpstreamAnswer:
        try:
            wire = self._connect(question)
        except TimeoutError as error:
            raise UpstreamTimedOut from error
        except OSError as error:
            raise NotConnected(error) from error
        return self._ask(wire, question)

    def _connect(self, question: _Question) -> Wire:
        place = question.place
        address = resolve(place.host, place.port, self._networks, self._lookup)
        sock = socket.create_connection(address, timeout=question.seconds_left())
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if place.context is not None:
            # The handshake has what the connection left of the time, not the whole of it again.
            sock.settimeout(question.seconds_left())
            sock = place.context.wrap_socket(sock, server_hostname=place.host)
        return Wire(sock)

    def _ask(self, wire: Wire, question: _Question) -> UpstreamAnswer:
        was_kept = wire.is_kept
        try:
            status, body = wire.exchange(
                question.request,
                seconds=question.seconds_left(),
                body_bytes_max=question.body_bytes_max,
            )
        except BaseException as error:
            wire.close()
            _refuse(error, was_kept=was_kept)
            raise
        idle = question.place.idle
        if wire.is_kept and len(idle) < IDLE_MAX:
            idle.append(wire)
        else:
            wire.close()
        return UpstreamAnswer(status, body)

    def _place(self, target: Target) -> _Place:
        place = _read_place(target)
        with self._lock:
            if len(self._places) >= PLACES_MAX:
                self._close_all()
            return self._places.setdefault(target, place)

    def _close_all(self) -> None:
        for place in self._places.values():
            while place.idle:
                place.idle.pop().close()
        self._places = {}

    def close(self) -> None:
        """Close what is kept alive."""
        with self._lock:
            self._close_all()


def _kept(place: _Place) -> Wire | None:
    """A connection that was kept alive and is fit for another question."""
    while True:
        try:
            wire = place.idle.pop()
        except IndexError:
            return None
        # What came unasked would be taken for the answer, perhaps by another buyer.
        if wire.is_silent():
            return wire
        wire.close()


class _Stale(UpstreamFailed):
    """A connection that was kept alive turned out to be closed."""


def _refuse(error: BaseException, *, was_kept: bool) -> None:
    """Raise the port's error for one of the wire; return for anything else."""
    if isinstance(error, TimeoutError):
        raise UpstreamTimedOut from error
    if was_kept and isinstance(error, WireClosed | ConnectionResetError | BrokenPipeError):
        raise _Stale from error
    if isinstance(error, WireTooLarge):
        raise AnswerTooLarge from error
    if isinstance(error, OSError | WireCut | WireClosed):
        raise ClosedEarly from error
    if isinstance(error, WireBroken):
        raise AnswerBroken from error


def _read_place(target: Target) -> _Place:
    try:
        url = urlsplit(target.url)
        port = url.port or (443 if url.scheme == "https" else 80)
    except ValueError as error:
        raise NotAnHttpAddress from error
    if url.scheme not in {"http", "https"} or not url.hostname or url.username is not None:
        raise NotAnHttpAddress
    if not target.url.isascii() or not target.url.isprintable() or " " in target.url:
        raise NotAnHttpAddress
    context = ssl.create_default_context() if url.scheme == "https" else None
    fixed = _fixed_headers(url, target)
    return _Place(url.hostname, port, context, url.path or "/", url.query, fixed)


def _fixed_headers(url: SplitResult, target: Target) -> bytes:
    lines = [
        f"Host: {url.netloc}",
        "Accept: application/json",
        "Accept-Encoding: identity",
        "User-Agent: counterfoil",
    ]
    if target.credential_header and target.credential is not None:
        name, value = target.credential_header, target.credential
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise NotAnHttpAddress
        lines.append(f"{name}: {value}")
    return "\r\n".join(lines).encode("ascii")


def _request(target: Target, place: _Place, parameters: Mapping[str, Any]) -> bytes:
    if target.method == "POST":
        body = json.dumps(parameters, ensure_ascii=False, separators=(",", ":")).encode()
        query = f"?{place.query}" if place.query else ""
        return b"".join(
            (
                f"POST {place.path}{query} HTTP/1.1\r\n".encode(),
                place.fixed,
                b"\r\nContent-Type: application/json\r\nContent-Length: ",
                str(len(body)).encode(),
                b"\r\n\r\n",
                body,
            )
        )
    query = "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in parameters.items()])
    if place.query:
        query = f"{place.query}&{query}" if query else place.query
    path = f"{place.path}?{query}" if query else place.path
    return b"".join((f"GET {path} HTTP/1.1\r\n".encode(), place.fixed, b"\r\n\r\n"))


def _quoted(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    # Most values need no quoting, and the library's quoting costs more than the rest of a request.
    return text if _UNRESERVED.fullmatch(text) else quote_plus(text)
