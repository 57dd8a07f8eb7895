"""Processes of an exchange that pays through the fake provider: a worker's loop, and the API.

They are forked from one that has imported everything, so that a test can afford to kill several.
"""

import multiprocessing
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from werkzeug.serving import make_server

from app.factory import build_parts, create_control_plane
from app.wiring.payments import payment_gateways
from app.worker.process import Paying
from tests.factories.payments import payment_settings

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


class SharedClock:
    """The machine's clock, moved forwards for all processes that share it."""

    def __init__(self):
        # Without a lock: whoever is killed while it reads the time would keep it for ever.
        self._ahead = FORKS.Value("d", 0.0, lock=False)

    def now(self):
        return datetime.now(UTC) + timedelta(seconds=self._ahead.value)

    def advance(self, *, seconds):
        self._ahead.value += seconds


class Process:
    """A forked process that is killed with -9."""

    def __init__(self, target, *arguments):
        self.is_ready = FORKS.Event()
        self._process = FORKS.Process(target=target, args=(self.is_ready, *arguments), daemon=True)
        self._process.start()
        assert self.is_ready.wait(30), "the process does not start"

    def kill(self):
        self._process.kill()

    def wait(self, seconds=10):
        """Until it is dead; what it was killed by."""
        self._process.join(seconds)
        return -(self._process.exitcode or 0)


def work(is_ready, place, clock):
    """What a worker does at payment providers, without end."""
    parts = _parts(place, clock)
    paying = Paying(parts, payment_gateways(parts))
    is_ready.set()
    while True:
        if not paying.work():
            time.sleep(0.01)


def serve(is_ready, place, clock, port):
    """The API; the port goes to the shared value ``port``."""
    web = make_server("127.0.0.1", 0, create_control_plane(_parts(place, clock)), threaded=True)
    port.value = web.server_port
    is_ready.set()
    web.serve_forever()


def _parts(place, clock):
    """``place``: database, folder, the provider's address and further settings."""
    database_url, var, provider_url, more = place
    server = SimpleNamespace(url=provider_url)
    return build_parts(payment_settings(database_url, var, server, **more), clock=clock)
