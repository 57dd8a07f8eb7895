"""Replies of the data plane: answers, and problem documents as the control plane's (RFC 9457)."""

import json
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

from app.core.errors import CounterfoilError

TYPE_BASE = "/problems"
METHODS = "GET, POST"
FILE_METHODS = "GET, HEAD"
STATUS_LINES = {int(status): f"{int(status)} {status.phrase}" for status in HTTPStatus}

Header = tuple[str, str]


class StreamCut(Exception):
    """A body cannot be sent to its end: whoever sends it closes the connection."""


class Stream(Protocol):
    """A body that is sent in pieces, as they come."""

    async def piece(self) -> bytes:
        """The next piece, nothing at the end; raises `StreamCut` where it cannot go on."""
        ...

    def close(self) -> None:
        """Let go of what it holds; a second time changes nothing."""
        ...


class Reply(NamedTuple):
    """Status, headers and body, ready for any server."""

    status: int
    headers: list[Header]
    body: bytes
    stream: Stream | None = None
    """Sent in place of the body, and closed by whoever sends it."""
    length: int | None = None
    """Of what is streamed, or would be to another method."""

    def start(self, request_id: str) -> tuple[str, list[Header]]:
        """Status line and complete headers, as WSGI takes them."""
        return STATUS_LINES[self.status], self.all_headers(request_id)

    def all_headers(self, request_id: str) -> list[Header]:
        """What every reply has, too."""
        return [
            *self.headers,
            ("Content-Length", str(len(self.body) if self.length is None else self.length)),
            ("X-Request-Id", request_id),
            ("Cache-Control", "no-store"),
        ]


def _problem(document: dict[str, Any], headers: list[Header]) -> Reply:
    body = json.dumps(document, ensure_ascii=False, default=str).encode("utf-8", "replace")
    return Reply(document["status"], [("Content-Type", "application/problem+json"), *headers], body)


def error_reply(error: CounterfoilError, request_id: str) -> Reply:
    """One of our facts as a problem."""
    headers: list[Header] = []
    if error.retry_after_seconds is not None:
        headers.append(("Retry-After", str(error.retry_after_seconds)))
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers.append(("WWW-Authenticate", 'Bearer realm="counterfoil"'))
    document = {
        **error.facts,
        "type": f"{TYPE_BASE}#{error.slug}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": f"urn:request:{request_id}",
    }
    return _problem(document, headers)


def plain_reply(
    status: HTTPStatus, detail: str, request_id: str, *, methods: str = METHODS
) -> Reply:
    """A refusal of HTTP itself (404, 405, 415), or 500."""
    slug = "internal-error" if status is HTTPStatus.INTERNAL_SERVER_ERROR else None
    document = {
        "type": f"{TYPE_BASE}#{slug}" if slug else "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "instance": f"urn:request:{request_id}",
    }
    allow = status is HTTPStatus.METHOD_NOT_ALLOWED
    return _problem(document, [("Allow", methods)] if allow else [])
