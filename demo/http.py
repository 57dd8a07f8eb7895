"""A small JSON client over the public API; whatever it did not expect is a surprise."""

import http.client
import itertools
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 30
_KEYED = frozenset({"POST"})


class Surprise(AssertionError):
    """The exchange answered otherwise than the story says."""


@dataclass(frozen=True)
class Answer:
    """Status, headers (lower-case names) and body of one response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Client:
    """Talks to one address as one principal; a connection a thread, kept alive."""

    _numbers = itertools.count()

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self.base_url = base_url
        self.token = token
        self._local = threading.local()

    def as_bearer(self, token: str) -> "Client":
        """The same address with a principal's token."""
        return Client(self.base_url, token)

    def get(self, path: str, *, expect: int = 200, query: Mapping[str, Any] | None = None) -> Any:
        """GET and read JSON."""
        address = f"{path}?{urlencode(query)}" if query else path
        return self.expect("GET", address, expect).json

    def post(self, path: str, body: Any = None, *, expect: int = 201) -> Any:
        """POST JSON with a fresh Idempotency-Key and read JSON."""
        answer = self.expect("POST", path, expect, body={} if body is None else body)
        return answer.json if answer.body else None

    def expect(self, method: str, path: str, status: int, *, body: Any = None) -> Answer:
        """Send, and insist on a status."""
        answer = self.send(method, path, body=body)
        if answer.status != status:
            text = answer.body.decode("utf-8", "replace")[:1500]
            message = f"{method} {path}: expected {status}, got {answer.status}: {text}"
            raise Surprise(message)
        return answer

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        content: tuple[str, bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request, with a JSON body or with ``content`` (media type, bytes).

        Raises OSError or HTTPException where the connection fails.
        """
        sent = {"Accept": "application/json", **(headers or {})}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if method in _KEYED:
            sent.setdefault("Idempotency-Key", secrets.token_hex(16))
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        if content is not None:
            sent["Content-Type"], data = content
        return self._exchange(method, path, data, sent)

    def _exchange(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        is_fresh = not hasattr(self._local, "connection")
        is_charged_each = path.startswith("/data/") and "Idempotency-Key" not in headers
        try:
            return self._exchange_once(method, path, data, headers)
        except (ConnectionError, http.client.RemoteDisconnected):
            if is_fresh or is_charged_each:
                raise
        # A kept connection whose other end is gone; every POST carries its key, so once more.
        return self._exchange_once(method, path, data, headers)

    def _exchange_once(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        connection = self._connection()
        try:
            connection.request(method, path, body=data, headers=dict(headers))
            response = connection.getresponse()
            lower = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, lower, response.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            raise

    def _connection(self) -> http.client.HTTPConnection:
        if not hasattr(self._local, "connection"):
            parts = urlsplit(self.base_url)
            assert parts.hostname
            self._local.connection = http.client.HTTPConnection(
                parts.hostname, parts.port, timeout=TIMEOUT_SECONDS
            )
        connection: http.client.HTTPConnection = self._local.connection
        return connection
