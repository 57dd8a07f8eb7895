"""A data plane over the fakes as a process of its own, served by granian."""

import atexit
import os
import secrets

import psycopg

from app.core.clock import SystemClock
from metering.assembly import Outside, build_data_plane
from metering.data_plane import DataPlaneSettings
from metering.http_upstream import HttpUpstream
from tests.factories.metering import CIPHER, SIGNER
from tests.fakes.metering_ports import FakeBooks, FakeLog, FakeWallets

DATABASE_URL = os.environ["METERED_DATABASE_URL"]

application = build_data_plane(
    DataPlaneSettings(lease_seconds=float(os.environ.get("METERED_LEASE_SECONDS", "2"))),
    Outside(
        connect=lambda: psycopg.connect(DATABASE_URL),
        clock=SystemClock(),
        entropy=secrets.token_bytes,
        cipher=CIPHER,
        receipt_signer=SIGNER,
        wallets=FakeWallets(),
        books=FakeBooks(),
        log=FakeLog(),
        upstream=HttpUpstream(["127.0.0.0/8"]),
    ),
)
atexit.register(application.close)
