"""What serves metered calls in a process: for an event loop, and for servers of threads."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from metering.calls.replies import Header, Reply
from metering.waiting import finish

StartResponse = Callable[[str, list[Header]], Any]


class Calls(ABC):
    """``/data/<listing code>``: one instance a process, any number of threads."""

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
        return (b"",) if environment["REQUEST_METHOD"] == "HEAD" else (reply.body,)
