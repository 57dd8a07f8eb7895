"""RSGI, the server's own interface for event loops, and WSGI applications behind it.

https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from io import BytesIO
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from app.core.errors import CounterfoilError, ErrorKind

Header = tuple[str, str]
Environment = dict[str, Any]
Value = TypeVar("Value")
WsgiApplication = Callable[[Environment, Callable[..., Any]], Iterable[bytes]]
BODY_SECONDS = 30.0
"""How long a client may take for its body, and may wait for a place to send a long one."""
LONG_BODIES_AT_ONCE = 4
"""How many long bodies are read at a time, in each process."""
WAITING_PER_THREAD = 4
"""How many requests may wait for each thread; one more would be answered when nobody waits."""
READING = frozenset({"GET", "HEAD"})
_WITHOUT_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_NO_SUCH_BODY = frozenset({"HEAD"})


class Headers(Protocol):
    """The request's header lines; names in lower case."""

    def keys(self) -> list[str]:
        """The name of every line, once."""
        ...

    def __len__(self) -> int:
        """How many names there are."""
        ...

    def items(self) -> list[Header]:
        """Every line that is text; the server leaves out what is not ASCII."""
        ...


class Scope(Protocol):
    """A request without its body."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    authority: str | None

    @property
    def headers(self) -> Headers:
        """The header lines."""
        ...


class Exchange(Protocol):
    """The body of a request, and the way for its reply."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The body in pieces."""
        ...

    def response_empty(self, status: int, headers: list[Header]) -> None:
        """Reply without a body."""
        ...

    def response_bytes(self, status: int, headers: list[Header], body: bytes) -> None:
        """Reply."""
        ...

    def response_file(self, status: int, headers: list[Header], file: str) -> None:
        """Reply with the bytes of the file at this path."""
        ...


class UnreadableHeader(ValueError):
    """A header line is not text, so what it says would be passed over in silence."""


class RequestsBusy(CounterfoilError):
    """More requests wait for a thread than can be answered soon."""

    kind = ErrorKind.UNAVAILABLE
    slug = "requests-busy"
    title = "Too many requests wait to be answered"

    def __init__(self) -> None:
        super().__init__("Nothing was done. Send it again.", retry_after_seconds=2)


@lru_cache(maxsize=512)
def _variable(name: str) -> str | None:
    """The variable of a header line; None for a name that would be taken for another's."""
    if "_" in name:
        return None
    return _WITHOUT_PREFIX.get(name) or f"HTTP_{name.upper().replace('-', '_')}"


def call_environment(scope: Scope) -> Environment:
    """What a metered call is read from: the variables of WSGI that tell of the request itself.

    Raises UnreadableHeader: an Idempotency-Key left out would be a second charge.
    """
    environment: Environment = {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path,
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": scope.client,
    }
    request_variables = len(environment)
    for name, value in scope.headers.items():
        variable = _variable(name)
        if variable is not None:
            before = environment.get(variable)
            environment[variable] = value if before is None else f"{before},{value}"
    if len(environment) - request_variables < len(scope.headers):
        _check_every_line_was_read(scope.headers)
    if "HTTP_HOST" not in environment and scope.authority:
        environment["HTTP_HOST"] = scope.authority  # HTTP/2 has it beside the header lines
    return environment


def _check_every_line_was_read(headers: Headers) -> None:
    read = {name for name, _value in headers.items()}
    if not read.issuperset(headers.keys()):
        raise UnreadableHeader


def wsgi_environment(scope: Scope, body: bytes) -> Environment:
    """The whole environment of PEP 3333."""
    server, _, port = scope.server.rpartition(":")
    environment = call_environment(scope)
    environment.setdefault("HTTP_HOST", scope.server)
    if environment.pop("HTTP_TRANSFER_ENCODING", None) or "CONTENT_LENGTH" not in environment:
        environment["CONTENT_LENGTH"] = str(len(body))  # the server has put its chunks together
    return environment | {
        "SCRIPT_NAME": "",
        "PATH_INFO": _bytes_as_latin(scope.path),
        "QUERY_STRING": _bytes_as_latin(scope.query_string),
        "SERVER_NAME": server,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def _bytes_as_latin(text: str) -> str:
    """WSGI's way of having bytes: each as the Latin-1 character of its number (PEP 3333)."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


async def read_body(exchange: Exchange, bytes_max: int) -> bytes:
    """The body, or a little more than its bound of it; raises TimeoutError."""
    parts, size = [], 0
    async with asyncio.timeout(BODY_SECONDS):
        async for part in exchange:
            parts.append(part)
            size += len(part)
            if size > bytes_max:
                break
    return b"".join(parts)


def answer(scope: Scope, exchange: Exchange, reply: tuple[int, list[Header], bytes]) -> None:
    """Reply; to HEAD with the headers alone."""
    status, headers, body = reply
    if scope.method in _NO_SUCH_BODY or not body:
        exchange.response_empty(status, headers)
    else:
        exchange.response_bytes(status, headers, body)


class _Line:
    """Threads, and the requests that have one or wait for one; for one event loop."""

    def __init__(self, threads: int, name: str, *, waiting_max: int) -> None:
        self.threads = ThreadPoolExecutor(threads, name)
        self._requests_max = threads + waiting_max
        self._requests_count = 0

    def demand_place(self) -> None:
        """Raises `RequestsBusy`."""
        if self._requests_count >= self._requests_max:
            raise RequestsBusy

    async def run(self, work: Callable[[Environment], Value], environment: Environment) -> Value:
        """What the work comes to in one of the threads; raises `RequestsBusy`."""
        self.demand_place()
        self._requests_count += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self.threads, work, environment)
        finally:
            self._requests_count -= 1


class WsgiThreads:
    """Runs a WSGI application in a bounded number of threads, for an event loop."""

    def __init__(
        self,
        application: WsgiApplication,
        *,
        threads: int,
        body_bytes_max: int,
        long_bodies: Mapping[str, int] = MappingProxyType({}),
        apart: Iterable[str] = (),
    ) -> None:
        """Bodies may be longer than ``body_bytes_max`` below the paths of ``long_bodies``.

        Each path ``apart`` has a thread of its own, and does not stand in line behind the others.
        """
        self._application = application
        self._body_bytes_max = body_bytes_max
        self._long_bodies = long_bodies
        self._long_places = asyncio.Semaphore(LONG_BODIES_AT_ONCE)
        waiting_max = threads * WAITING_PER_THREAD
        self._line = _Line(threads, "wsgi", waiting_max=waiting_max)
        self._apart = {path: _Line(1, f"wsgi {path}", waiting_max=waiting_max) for path in apart}

    async def serve(
        self, scope: Scope, exchange: Exchange, prepare: Callable[[Environment], None]
    ) -> None:
        """One request; raises TimeoutError when its body does not come, and `RequestsBusy`."""
        line = self._apart.get(scope.path, self._line)
        line.demand_place()  # a body that nobody will read is not waited for
        body = await self._body(scope, exchange)
        environment = wsgi_environment(scope, body)
        prepare(environment)
        answer(scope, exchange, await line.run(self._run, environment))

    async def _body(self, scope: Scope, exchange: Exchange) -> bytes:
        bounds = [most for path, most in self._long_bodies.items() if scope.path.startswith(path)]
        if not bounds or scope.method in READING:
            return await read_body(exchange, self._body_bytes_max)
        # Who sends it is not known yet: what they fill is bounded, and they wait for each other.
        async with asyncio.timeout(BODY_SECONDS), self._long_places:
            return await read_body(exchange, bounds[0])

    def _run(self, environment: Environment) -> tuple[int, list[Header], bytes]:
        started: list[tuple[str, list[Header]]] = []

        def start(status: str, headers: list[Header], _error: Any = None) -> Callable[..., Any]:
            started.append((status, headers))
            return _unsupported_write

        result = self._application(environment, start)
        try:
            body = b"".join(result)
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()
        status, headers = started[-1]
        return int(status[:3]), headers, body

    def close(self) -> None:
        """End the threads when their requests are answered."""
        for line in (self._line, *self._apart.values()):
            line.threads.shutdown()


def _unsupported_write(_data: bytes) -> None:
    """PEP 3333's write() is for applications older than any of ours."""
    raise NotImplementedError
