"""The data plane of a process, and whom its calls ask."""

import asyncio
import secrets
from typing import Any

import psycopg

from app.core.db import connect_bounded
from app.parts import Parts
from app.probing import ListedUpstreamProbe
from app.wiring.log import receipt_signers
from ledger.journal.books.call_books import CallBooks
from ledger.journal.wallets.leases import WalletLeases
from ledger.log import intake
from metering import assembly
from metering.assembly import Outside
from metering.data_plane import DataPlaneSettings
from metering.delivery.http_upstream import HttpUpstream
from metering.delivery.loop_upstream import LoopHttpUpstream
from metering.delivery.supplier_files import SupplierHttpFiles
from metering.loop_waiting import LoopWaiting
from metering.serving import Calls
from metering.waiting import ThreadWaiting, Waiting

CALLS_A_PLACE = 4
"""Calls in flight, by those that may wait for suppliers' systems: others wait for their commit."""


def upstream_probe(parts: Parts) -> ListedUpstreamProbe:
    """Test calls to a submitted version's upstream."""
    networks = parts.settings.upstream_networks
    upstream, files = HttpUpstream(networks), SupplierHttpFiles(networks)
    return ListedUpstreamProbe(parts.units, parts.cipher, upstream, files)


def build_data_plane(parts: Parts) -> Calls:
    """The data plane of this process, served by request threads; it starts threads of its own."""
    waiting = ThreadWaiting(HttpUpstream(parts.settings.upstream_networks))
    return _data_plane(parts, waiting, places=parts.settings.web_threads)


def build_loop_data_plane(parts: Parts, loop: asyncio.AbstractEventLoop) -> Calls:
    """The data plane of this process, served by its event loop; it starts a few threads."""
    upstream = LoopHttpUpstream(loop, parts.settings.upstream_networks)
    return _data_plane(parts, LoopWaiting(loop, upstream), places=parts.settings.calls_in_flight)


def _data_plane(parts: Parts, waiting: Waiting, *, places: int) -> Calls:
    if parts.spans is None:
        return _untraced(parts, waiting, places=places)
    from app.tracing.calls import TracedCalls, TracedWaiting  # noqa: PLC0415 -- as its SDK

    plane = _untraced(parts, TracedWaiting(waiting, parts.spans), places=places)
    return TracedCalls(plane, parts.spans)


def _untraced(parts: Parts, waiting: Waiting, *, places: int) -> Calls:
    def connect() -> "psycopg.Connection[Any]":
        return connect_bounded(parts.database_url)

    settings = DataPlaneSettings(
        lease_seconds=parts.settings.lease_seconds,
        places=places,
        calls_max=places * CALLS_A_PLACE,
        upstream_calls_per_second=parts.settings.upstream_calls_per_second or None,
    )
    return assembly.build_data_plane(
        settings,
        Outside(
            connect=connect,
            clock=parts.clock,
            entropy=secrets.token_bytes,
            cipher=parts.cipher,
            receipt_signer_at=receipt_signers(parts).at,
            wallets=WalletLeases(parts.clock),
            books=CallBooks(),
            log=intake,
            waiting=waiting,
            files=SupplierHttpFiles(parts.settings.upstream_networks),
            consent_keys=(parts.keyring.consents.public_key,),
        ),
    )
