"""What is sent to a supplier's system, and what its failures are called; for either way to ask."""

import json
import re
import ssl
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote_plus, urlsplit

from app.core.public_networks import AddressNotAllowed, NameUnresolved
from metering.delivery.http_wire import WireBroken, WireClosed, WireCut, WireTooLarge
from metering.ports import Target, UpstreamFailed, UpstreamTimedOut

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


class FileFailed(UpstreamFailed):
    """The file is not served as it is listed."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


class Stale(UpstreamFailed):
    """A connection that was kept alive turned out to be closed."""


def refuse(error: BaseException, *, was_kept: bool) -> None:
    """Raise the port's error for one of the wire; return for anything else."""
    if isinstance(error, TimeoutError):
        raise UpstreamTimedOut from error
    if was_kept and isinstance(error, WireClosed | ConnectionResetError | BrokenPipeError):
        raise Stale from error
    if isinstance(error, WireTooLarge):
        raise AnswerTooLarge from error
    if isinstance(error, OSError | WireCut | WireClosed):
        raise ClosedEarly from error
    if isinstance(error, WireBroken):
        raise AnswerBroken from error


@dataclass(frozen=True, slots=True)
class Place:
    """A target read once: where it is, what every request to it begins with, idle connections."""

    host: str
    port: int
    context: ssl.SSLContext | None
    path: str
    query: str
    fixed: bytes
    idle: deque[Any] = field(default_factory=deque)


class Question(NamedTuple):
    """One request and the bounds of its answer."""

    place: Place
    request: bytes
    deadline: float
    body_bytes_max: int

    def seconds_left(self) -> float:
        """What is left of the time; at least a moment."""
        return max(self.deadline - time.monotonic(), 0.001)


def question_of(target: Target, place: Place, parameters: Mapping[str, Any]) -> Question:
    """The call as it is asked, from now on in its time."""
    return Question(
        place,
        request_bytes(target, place, parameters),
        time.monotonic() + target.timeout_seconds,
        target.response_bytes_max,
    )


def read_place(target: Target) -> Place:
    """The target's URL read; raises `NotAnHttpAddress`."""
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
    return Place(url.hostname, port, context, url.path or "/", url.query, fixed)


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


def request_bytes(target: Target, place: Place, parameters: Mapping[str, Any]) -> bytes:
    """The request as it is sent."""
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
