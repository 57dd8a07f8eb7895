"""Data planes whose calls an event loop serves, called from tests as those of threads are."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import uvloop

from metering.delivery.http_upstream import HttpUpstream
from metering.delivery.loop_upstream import LoopHttpUpstream
from metering.loop_waiting import LoopWaiting
from metering.waiting import ThreadWaiting

TOGETHER_MAX = 64


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self):
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="test-loop")
        self._thread.start()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


class AsideUpstream:
    """One of the tests' upstreams, which block."""

    def __init__(self, loop, upstream):
        self._loop, self._upstream = loop, upstream
        self._threads = ThreadPoolExecutor(TOGETHER_MAX)

    async def send(self, target, parameters):
        return await self._loop.run_in_executor(
            self._threads, self._upstream.send, target, parameters
        )

    def close(self):
        self._threads.shutdown(wait=False)


class LoopPlane:
    """A plane in a loop; everything but calls is the plane's own."""

    def __init__(self, plane, loop):
        self._plane, self._loop = plane, loop

    def __call__(self, environment, start_response):
        asked = asyncio.run_coroutine_threadsafe(self._plane.reply(environment), self._loop)
        request_id, reply = asked.result(60)
        start_response(*reply.start(request_id))
        if reply.stream is not None:
            return self._pieces(reply.stream)
        return [b"" if environment["REQUEST_METHOD"] == "HEAD" else reply.body]

    def _pieces(self, stream):
        try:
            while True:
                asked = asyncio.run_coroutine_threadsafe(stream.piece(), self._loop)
                piece = asked.result(60)
                if not piece:
                    return
                yield piece
        finally:
            stream.close()

    def __getattr__(self, name):
        return getattr(self._plane, name)


def waiting_of(upstream, loop):
    """How calls wait for `HttpUpstream` or an upstream of the tests: in threads, or in a loop."""
    if loop is None:
        return ThreadWaiting(upstream)
    if isinstance(upstream, HttpUpstream):
        networks = [str(network) for network in upstream._networks]
        found = LoopHttpUpstream(loop, networks, upstream._lookup)
    else:
        found = AsideUpstream(loop, upstream)
    return LoopWaiting(loop, found)
