"""Metered calls, traced: the data plane's own code knows nothing of it, and pays nothing."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from typing_extensions import override

from app.tracing.spans import CLIENT, SERVER, Span, Spans, current_trace_id
from metering.calls import requests
from metering.calls.description import CALL, FILE
from metering.calls.replies import Reply
from metering.packages.addresses import PREFIX
from metering.ports import Target, UpstreamAnswer
from metering.serving import Calls
from metering.waiting import Signal, Waiting

Value = TypeVar("Value")


class TracedCalls(Calls):
    """A data plane that tells of a share of its calls."""

    def __init__(self, plane: Calls, spans: Spans) -> None:
        self._plane = plane
        self._spans = spans

    @override
    async def reply(self, environment: Mapping[str, Any]) -> tuple[str, Reply]:
        method = environment["REQUEST_METHOD"]
        known = method if method in {"GET", "HEAD", "POST"} else "_OTHER"
        route = FILE if environment["PATH_INFO"].startswith(PREFIX) else CALL
        facts = {"http.request.method": known, "http.route": route}
        with self._spans.root(
            f"{known} {route}", SERVER, facts, caller=environment.get("HTTP_TRACEPARENT")
        ) as span:
            request_id, reply = await self._plane.reply(environment)
            span.answer(reply.status, request_id)
            _note_outcome(span, environment, reply)
        return request_id, reply

    @override
    def close(self) -> None:
        self._plane.close()
        self._spans.close()


def _address(target: Target) -> dict[str, str]:
    return {"server.address": urlsplit(target.url).hostname or ""}


def _note_outcome(span: Span, environment: Mapping[str, Any], reply: Reply) -> None:
    for name, value in reply.headers:
        if name == "Outcome":
            # What has one was answered. Of all else the address is any word that a stranger likes.
            code = requests.read_listing_code(environment)
            span.note({"counterfoil.outcome": value, "counterfoil.listing_code": code})


class TracedSignal:
    """A signal whose wait is a part of the call."""

    __slots__ = ("_spans", "_what", "inner")

    def __init__(self, inner: Signal, what: str, spans: Spans) -> None:
        self.inner = inner
        self._what = what
        self._spans = spans

    async def wait(self, seconds: float) -> bool:
        """Wait until it is rung."""
        with self._spans.part(self._what):
            return await self.inner.wait(seconds)


class TracedWaiting:
    """Satisfies `Waiting`: everything that a call waits for is a part of its trace."""

    def __init__(self, waiting: Waiting, spans: Spans) -> None:
        self._waiting = waiting
        self._spans = spans

    def signal(self, what: str) -> Signal:
        """A signal; its wait is named by what rings it."""
        inner = self._waiting.signal(what)
        return TracedSignal(inner, what, self._spans) if current_trace_id() else inner

    def ring(self, signals: Iterable[Any]) -> None:
        """Ring them all."""
        self._waiting.ring([getattr(signal, "inner", signal) for signal in signals])

    async def aside(self, action: Callable[[], Value]) -> Value:
        """Do what may block."""
        with self._spans.part("look aside"):
            return await self._waiting.aside(action)

    async def at_length(self, action: Callable[[], Value]) -> Value:
        """Wait for a supplier's file."""
        with self._spans.part("file", CLIENT):
            return await self._waiting.at_length(action)

    def later(self, action: Callable[[], None]) -> None:
        """What no call waits for is no part of one."""
        self._waiting.later(action)

    async def in_turn(
        self, subject: Hashable, held: Callable[[], Value | None], action: Callable[[], Value]
    ) -> Value:
        """Wait for the turn, and do it; the subject may be a secret's hash and is not told."""
        with self._spans.part("look in turn"):
            return await self._waiting.in_turn(subject, held, action)

    async def ask(self, target: Target, parameters: Mapping[str, Any]) -> UpstreamAnswer:
        """Ask the upstream; nothing of the question or the answer is told."""
        with self._spans.part("upstream", CLIENT, _address(target)) as span:
            answer = await self._waiting.ask(target, parameters)
            span.note({"http.response.status_code": answer.status})
            return answer

    def close(self) -> None:
        """Let go of connections and threads."""
        self._waiting.close()
