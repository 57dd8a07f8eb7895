"""Both planes behind one event loop: calls within it, the control plane in threads beside it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from io import BytesIO

from app.web import rsgi
from app.web.paced_bodies import ClientTooSlow, send_paced
from app.web.proxies import TrustedProxies
from metering.calls.replies import Reply, Stream, StreamCut, error_reply, plain_reply
from metering.serving import Calls

METERED = ("/data/", "/files/")
"""Where calls are made, and what they gave addresses of is fetched."""
CALL_BODY_BYTES_MAX = 64 * 1024
UNREAD = "unread"
"""The id of a request that is refused before anything read one."""


class LoopFront:
    """What the server calls in each process: RSGI."""

    def __init__(
        self,
        control_plane: rsgi.WsgiThreads,
        make_data_plane: Callable[[asyncio.AbstractEventLoop], Calls],
        proxies: TrustedProxies,
    ) -> None:
        self._control_plane = control_plane
        self._make_data_plane = make_data_plane
        self._proxies = proxies
        self._data_plane: Calls | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start serving; the process has forked by now."""
        self._data_plane = self._make_data_plane(loop)

    async def __rsgi__(self, scope: rsgi.Scope, exchange: rsgi.Exchange) -> None:
        """Answer one request."""
        try:
            if scope.path.startswith(METERED):
                await self._call(scope, exchange)
            else:
                await self._control_plane.serve(scope, exchange, self._proxies.apply)
        except TimeoutError:
            _refuse(scope, exchange, HTTPStatus.REQUEST_TIMEOUT, "The body did not arrive in time.")
        except rsgi.UnreadableHeader:
            _refuse(scope, exchange, HTTPStatus.BAD_REQUEST, "Header lines are ASCII.")
        except rsgi.RequestsBusy as busy:
            reply = error_reply(busy, UNREAD)
            rsgi.answer(scope, exchange, (reply.status, reply.headers, reply.body))

    async def _call(self, scope: rsgi.Scope, exchange: rsgi.Exchange) -> None:
        assert self._data_plane is not None, "the server begins with __rsgi_init__"
        environment = rsgi.call_environment(scope)
        self._proxies.apply(environment)
        if scope.method == "POST":
            body = await rsgi.read_body(exchange, CALL_BODY_BYTES_MAX)
            environment["wsgi.input"] = BytesIO(body)
        request_id, reply = await self._data_plane.reply(environment)
        if reply.stream is not None:
            await self._stream(exchange, reply, reply.stream, request_id)
            return
        rsgi.answer(scope, exchange, (reply.status, reply.all_headers(request_id), reply.body))

    @staticmethod
    async def _stream(
        exchange: rsgi.Exchange, reply: Reply, stream: Stream, request_id: str
    ) -> None:
        headers = reply.all_headers(request_id)
        try:
            with suppress(StreamCut, ClientTooSlow):  # the connection is closed: that says it all
                await send_paced(
                    exchange,
                    reply.status,
                    headers,
                    length=reply.length or 0,
                    next_piece=stream.piece,
                )
        finally:
            stream.close()

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """The server has answered what was in flight: give every lease back."""
        self._control_plane.close()
        if self._data_plane is not None:
            self._data_plane.close()


def _refuse(scope: rsgi.Scope, exchange: rsgi.Exchange, status: HTTPStatus, detail: str) -> None:
    reply = plain_reply(status, detail, UNREAD)
    rsgi.answer(scope, exchange, (reply.status, reply.headers, reply.body))
