"""What serves metered calls in a process: for an event loop, and for servers of threads."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from metering.calls.replies import Header, Reply, Stream
from metering.waiting import finish

StartResponse = Callable[[str, list[Header]], Any]


class _Pieces:
    """A stream as PEP 3333 takes it: closed by the server, however the sending ends."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = finish(self._stream.piece())
        if not piece:
            raise StopIteration
        return piece

    def close(self) -> None:
        self._stream.close()


class Calls(ABC):
    """``/data/<listing code>`` and ``/files/…``: one instance a process, any number of threads."""

    @abstractmethod
    async def reply(self, environment: Mapping[str, Any]) -> tuple[str, Reply]:
        """The request's id and its reply; the body, if there is one, is at ``wsgi.input``."""

    @abstractmethod
    def close(self) -> None:
        """Refuse new calls, let those in flight finish, give every lease back."""

    def __call__(
        self, environment: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """PEP 3333: for calls whose waiting blocks."""
        request_id, reply = finish(self.reply(environment))
        start_response(*reply.start(request_id))
        if reply.stream is not None:
            return _Pieces(reply.stream)
        return (b"",) if environment["REQUEST_METHOD"] == "HEAD" else (reply.body,)
