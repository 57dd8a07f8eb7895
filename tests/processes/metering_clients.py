"""Buyers that retry as they are told, and the worker that takes lost lanes back."""

import http.client
import threading
import time
from contextlib import contextmanager

from app.core.reach import Reach
from metering.leases import upkeep
from tests.fakes.metering_ports import FakeWallets

TRY_AGAIN = {429, 503, 504}
"""Free, and no answer for good: a machine that stands still for seconds says each of them."""


class Client(threading.Thread):
    """Buys until it is refused; a call without answer is tried again with its key, as told."""

    def __init__(self, ports, licensed, name):
        super().__init__(name=name)
        self._ports, self._licensed = ports, licensed
        self.receipts, self.statuses = {}, []
        self.stop_at = 10**9

    def run(self):
        for number in range(10_000):
            if number >= self.stop_at:
                return
            key = f"{self.name}-{number}"
            status = self._until_answered(key, number)
            self.statuses.append(status)
            if status in (402, 403):
                return

    def _until_answered(self, key, number):
        for attempt in range(600):
            port = self._ports[(number + attempt) % len(self._ports)]
            try:
                status, receipt = self._call(port, key)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            if status in TRY_AGAIN:
                time.sleep(0.05)
                continue
            if status == 200:
                self.receipts[key] = receipt
            return status
        raise TimeoutError

    def _call(self, port, key):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Authorization": f"Bearer {self._licensed.key}", "Idempotency-Key": key}
        try:
            connection.request(
                "GET", f"/data/{self._licensed.listing_code}?iata=PVG", None, headers
            )
            response = connection.getresponse()
            response.read()
            return response.status, response.headers.get("Usage-Receipt")
        finally:
            connection.close()


def run_clients(servers, licensed, count, *, prefix="c"):
    ports = [server.port for server in servers]
    clients = [
        Client(ports[at % 2 :] + ports[: at % 2], licensed, f"{prefix}{at}") for at in range(count)
    ]
    for client in clients:
        client.start()
    return clients


def reclaim_until(world, stop):
    while not stop.wait(0.2):
        with world.units.begin(Reach.EXCHANGE) as uow:
            upkeep.reclaim_leases(uow, FakeWallets())
            uow.commit()


def wait_for_expiry(world):
    deadline = time.monotonic() + 30
    while world.one("SELECT count(*) FROM leases WHERE closed_at IS NULL"):
        assert time.monotonic() < deadline, "a lease never came back"
        time.sleep(0.1)


@contextmanager
def reclaiming(world):
    """The worker's timed step in a thread, as long as the block lasts."""
    stop = threading.Event()
    reclaimer = threading.Thread(target=reclaim_until, args=(world, stop))
    reclaimer.start()
    try:
        yield
    finally:
        stop.set()
        reclaimer.join(20)
