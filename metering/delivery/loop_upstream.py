"""The upstream over HTTP/1.1 from within an event loop: the bounds and failures of `http_upstream`.

A connection reads with the same `AnswerReader`, fed with what arrives. Names are resolved, and
their addresses checked, in threads of their own: a resolver that hangs holds up nothing else.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from typing_extensions import override

from app.core.public_networks import Lookup, look_up, read_networks, resolve
from metering.delivery.http_wire import Answer, AnswerReader, Reading, WireCut
from metering.delivery.places import Places
from metering.delivery.upstream_requests import (
    NotConnected,
    Place,
    Question,
    Stale,
    question_of,
    refuse,
)
from metering.loop_waiting import Deadlines
from metering.ports import Target, UpstreamAnswer, UpstreamTimedOut

RESOLVING_THREADS = 8


class Connection(asyncio.Protocol):
    """One connection to an upstream; one question at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deadlines: Deadlines) -> None:
        self._loop = loop
        self._deadlines = deadlines
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._reader: AnswerReader | None = None
        self._reading: Reading | None = None
        self.is_fit = True
        """Whether another question may follow: the answer allows it, and nothing came since."""
        self.was_used = False

    async def ask(self, question: Question) -> Answer:
        """Send, and read status and whole body; raises what `Wire.exchange` raises."""
        assert self._transport is not None, "a connection is asked when it is made"
        self._answer = self._loop.create_future()
        self._reader = AnswerReader(question.body_bytes_max)
        self._reading = self._reader.read()
        next(self._reading)
        tick = self._deadlines.add(self, question.seconds_left(), self._give_up)
        self._transport.write(question.request)
        try:
            return await self._answer
        finally:
            self._deadlines.remove(self, tick)
            self._answer = self._reading = self._reader = None
            self.was_used = True

    def is_silent(self) -> bool:
        """Whether nothing arrived since the last answer; the loop has looked, and said so."""
        return self.is_fit

    def close(self) -> None:
        """Close at once: there is nothing left to be sent."""
        self.is_fit = False
        if self._transport is not None:
            self._transport.abort()

    def _give_up(self) -> None:
        self._fail(TimeoutError())

    def _fail(self, error: Exception) -> None:
        self.is_fit = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _feed(self, data: bytes) -> None:
        if self._reading is None or self._answer is None or self._answer.done():
            self.close()
            return
        try:
            self._reading.send(data)
        except StopIteration as whole:
            assert self._reader is not None, "reader and reading come together"
            self.is_fit = self._reader.is_kept
            self._answer.set_result(whole.value)
        except Exception as error:  # noqa: BLE001 -- every way of failing is the call's to judge
            self._fail(error)
            self.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        self._transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        """As asyncio calls it."""
        self._feed(data)

    @override
    def eof_received(self) -> bool:
        """As asyncio calls it: the other side's end is the end of an answer without length."""
        self.is_fit = False
        if self._answer is not None and not self._answer.done():
            self._feed(b"")
        self.is_fit = False
        return False

    @override
    def connection_lost(self, error: Exception | None) -> None:
        """As asyncio calls it."""
        self._fail(error if error is not None else WireCut())


class LoopHttpUpstream:
    """Satisfies `LoopUpstream`; ``networks_allowed`` names test and demonstration networks."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        networks_allowed: Sequence[str] = (),
        lookup: Lookup = look_up,
    ) -> None:
        self._loop = loop
        self._networks = read_networks(networks_allowed)
        self._lookup = lookup
        self._deadlines = Deadlines(loop)
        self._places: Places[Connection] = Places()
        self._resolving: dict[tuple[str, int], asyncio.Future[tuple[str, int]]] = {}
        self._names = ThreadPoolExecutor(RESOLVING_THREADS, "metering-names")

    async def send(self, target: Target, parameters: Mapping[str, Any]) -> UpstreamAnswer:
        """One answer; raises `UpstreamFailed`, or `UpstreamTimedOut` when its time is over."""
        place = self._places.of(target)
        question = question_of(target, place, parameters)
        connection = self._places.take(place)
        if connection is None:
            return await self._ask_afresh(question)
        try:
            return await self._ask(connection, question)
        except Stale:
            # The upstream had closed a kept connection; a lookup may be asked once more.
            return await self._ask_afresh(question)

    async def _ask_afresh(self, question: Question) -> UpstreamAnswer:
        try:
            async with asyncio.timeout(question.seconds_left()):
                connection = await self._connect(question.place)
        except TimeoutError as error:
            raise UpstreamTimedOut from error
        except OSError as error:
            raise NotConnected(error) from error
        return await self._ask(connection, question)

    async def _connect(self, place: Place) -> Connection:
        host, port = await self._resolve(place.host, place.port)
        transport, connection = await self._loop.create_connection(
            lambda: Connection(self._loop, self._deadlines),
            host,
            port,
            ssl=place.context,
            server_hostname=place.host if place.context is not None else None,
        )
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    async def _resolve(self, host: str, port: int) -> tuple[str, int]:
        """As `resolve`, once for all who wait: one name takes one thread, however it hangs."""
        asked = self._resolving.get((host, port))
        if asked is None:
            asked = self._resolving[host, port] = self._loop.run_in_executor(
                self._names, resolve, host, port, self._networks, self._lookup
            )
            asked.add_done_callback(lambda done: self._resolved(host, port, done))
        return await asyncio.shield(asked)

    def _resolved(self, host: str, port: int, done: "asyncio.Future[tuple[str, int]]") -> None:
        del self._resolving[host, port]
        if not done.cancelled():
            done.exception()  # seen, be it that nobody waits for it any more

    async def _ask(self, connection: Connection, question: Question) -> UpstreamAnswer:
        was_kept = connection.was_used
        try:
            status, body = await connection.ask(question)
        except BaseException as error:
            connection.close()
            refuse(error, was_kept=was_kept)
            raise
        # Not before the loop has looked at the socket again: what comes behind an answer ends the
        # connection. To look here is a system call, which gives up the interpreter's lock.
        self._loop.call_soon(self._keep, question.place, connection)
        return UpstreamAnswer(status, body)

    def _keep(self, place: Place, connection: Connection) -> None:
        self._places.give_back(place, connection, is_fit=connection.is_fit)

    def close(self) -> None:
        """Close what is kept alive; in the loop's thread."""
        self._places.close()
        self._names.shutdown(wait=False, cancel_futures=True)
