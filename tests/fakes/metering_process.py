"""A data plane over the fakes as a process of its own, served by granian."""

import logging
import os
import secrets
from multiprocessing.util import Finalize

import structlog

from app.core.clock import SystemClock
from app.core.db import connect_bounded
from app.loop_front import LoopFront
from app.web.proxies import TrustedProxies
from app.web.rsgi import WsgiThreads
from metering.assembly import Outside, build_data_plane
from metering.data_plane import DataPlaneSettings
from metering.delivery.http_upstream import HttpUpstream
from metering.delivery.loop_upstream import LoopHttpUpstream
from metering.delivery.supplier_files import SupplierHttpFiles
from metering.loop_waiting import LoopWaiting
from metering.waiting import ThreadWaiting
from tests.factories.metering import CIPHER, CONSENTS, SIGNER
from tests.fakes.metering_ports import FakeBooks, FakeLog, FakeWallets

# Unconfigured, structlog draws every exception with its locals: slow, and nobody reads it here.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

DATABASE_URL = os.environ["METERED_DATABASE_URL"]
SECONDS_FILE = os.environ.get("METERED_SECONDS_FILE")
"""Where each granted call's second is written, a line a call, for tests of rates."""


class NotedRates:
    """Writes down the second of each call that the rates granted."""

    def __init__(self, rates, path):
        self._rates = rates
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def take(self, limits):
        return self._note(self._rates.take(limits))

    def take_held(self, limits):
        return self._note(self._rates.take_held(limits))

    def _note(self, taken):
        if taken is not None and taken.is_granted:
            os.write(self._file, f"{taken.second}\n".encode())
        return taken


def make_plane(waiting):
    """The plane of this process."""
    plane = build_data_plane(
        DataPlaneSettings(
            lease_seconds=float(os.environ.get("METERED_LEASE_SECONDS", "2")),
            queue_max=int(os.environ.get("METERED_QUEUE_MAX", "1024")),
            places=int(os.environ.get("METERED_PLACES", "8")),
        ),
        Outside(
            connect=lambda: connect_bounded(DATABASE_URL),
            clock=SystemClock(),
            entropy=secrets.token_bytes,
            cipher=CIPHER,
            receipt_signer_at=lambda _at: SIGNER,
            wallets=FakeWallets(),
            books=FakeBooks(),
            log=FakeLog(),
            waiting=waiting,
            files=SupplierHttpFiles(["127.0.0.0/8"]),
            consent_keys=(CONSENTS.public_key,),
        ),
    )
    if SECONDS_FILE:
        plane._rates = NotedRates(plane._rates, SECONDS_FILE)
    return plane


def in_threads():
    """For granian's interface wsgi."""
    plane = make_plane(ThreadWaiting(HttpUpstream(["127.0.0.0/8"])))
    Finalize(None, plane.close, exitpriority=0)
    return plane


def in_loop():
    """For granian's interface rsgi."""
    return LoopFront(
        WsgiThreads(_nothing, threads=1, body_bytes_max=1024),
        lambda loop: make_plane(LoopWaiting(loop, LoopHttpUpstream(loop, ["127.0.0.0/8"]))),
        TrustedProxies(()),
    )


def _nothing(_environment, start_response):
    start_response("404 Not Found", [])
    return [b""]
