"""A long body in pieces, sent as fast as its client takes it and kept nowhere, for RSGI.

Granian 2.8 keeps all of a stream that its client does not take yet in memory
(https://github.com/emmett-framework/granian/issues/885). A file it reads no faster than it sends,
and a named pipe is one: it holds 64 KiB, and whoever writes more waits. This can go when a stream
waits for its client.
"""

import array
import asyncio
import fcntl
import os
import tempfile
import termios
from collections.abc import Awaitable, Callable
from pathlib import Path

from app.web.rsgi import Exchange, Header

PIPE_BYTES = 64 * 1024
"""What a pipe holds; a body that is not longer is sent at once."""
SEND_SECONDS = 60.0
"""How long a client may take for one piece."""
_LOOK_SECONDS = 0.02

Pieces = Callable[[], Awaitable[bytes]]


class ClientTooSlow(Exception):
    """The client takes nothing, or is gone."""


async def send_paced(
    exchange: Exchange, status: int, headers: list[Header], *, length: int, next_piece: Pieces
) -> None:
    """Reply with so many bytes; where the pieces fail the body ends early, and the connection.

    Raises what the pieces raise, and `ClientTooSlow`.
    """
    if length <= PIPE_BYTES:
        exchange.response_bytes(status, headers, await _whole(next_piece))
        return
    with tempfile.TemporaryDirectory(prefix="counterfoil-") as folder:
        path = Path(folder, "body")
        os.mkfifo(path, 0o600)
        pipe = _Pipe(path)
        try:
            exchange.response_file(status, headers, str(path))
            while piece := await next_piece():
                await pipe.write(piece)
        finally:
            try:
                await pipe.begun()
            finally:
                pipe.close()


async def _whole(next_piece: Pieces) -> bytes:
    parts = []
    while piece := await next_piece():
        parts.append(piece)
    return b"".join(parts)


class _Pipe:
    """The end that is written; the other is held open until the server has opened its own."""

    def __init__(self, path: Path) -> None:
        self._held: int | None = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self._end = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        self._written = 0

    async def write(self, piece: bytes) -> None:
        view = memoryview(piece)
        while view:
            try:
                count = os.write(self._end, view)
            except BlockingIOError:
                await self._writable()
                continue
            except BrokenPipeError as error:
                raise ClientTooSlow from error
            view = view[count:]
            self._written += count
            self._let_go()

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()

        def go_on() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_writer(self._end, go_on)
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await ready
        except TimeoutError as error:
            raise ClientTooSlow from error
        finally:
            loop.remove_writer(self._end)

    def _let_go(self) -> bool:
        """Whether the server reads; from then on a client that leaves breaks the pipe."""
        if self._held is None:
            return True
        if self._waiting() < self._written:
            os.close(self._held)
            self._held = None
        return self._held is None

    def _waiting(self) -> int:
        assert self._held is not None, "looked at while it is held"
        count = array.array("i", [0])
        fcntl.ioctl(self._held, termios.FIONREAD, count)
        return count[0]

    async def begun(self) -> None:
        """Wait until the server has opened the pipe: one that is gone would hold it for ever."""
        if not self._written or self._let_go():
            return
        for _ in range(int(SEND_SECONDS / _LOOK_SECONDS)):
            await asyncio.sleep(_LOOK_SECONDS)
            if self._let_go():
                return

    def close(self) -> None:
        os.close(self._end)
        if self._held is not None:
            os.close(self._held)
