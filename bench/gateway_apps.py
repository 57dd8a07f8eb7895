"""The servers under measurement, each a granian target; BENCH_* variables say what they talk to."""

import asyncio
import json
import os
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

UPSTREAM = os.environ.get("BENCH_UPSTREAM", "")
DATABASE_URL = os.environ.get("BENCH_DATABASE_URL", "")
UPSTREAM_BODY = json.dumps({"iata": "PVG", "name": "Shanghai Pudong", "note": "x" * 900}).encode()
_HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(UPSTREAM_BODY)))]

Start = Callable[[str, list[tuple[str, str]]], Any]


def upstream(_environment: dict[str, Any], start: Start) -> Iterable[bytes]:
    """A supplier's system that answers a kilobyte at once."""
    start("200 OK", _HEADERS)
    return (UPSTREAM_BODY,)


def unmetered() -> Callable[[dict[str, Any], Start], Iterable[bytes]]:
    """Our delivery without key, decision, lease, record or receipt."""
    from metering.delivery.http_upstream import HttpUpstream  # noqa: PLC0415 -- only this server needs it
    from metering.ports import Target  # noqa: PLC0415 -- only this server needs it

    pool = HttpUpstream(["127.0.0.0/8"])
    target = Target(UPSTREAM, "GET", 5.0, 1 << 20, None, None)

    def serve(environment: dict[str, Any], start: Start) -> Iterable[bytes]:
        body = pool.send(target, dict(parse_qsl(environment["QUERY_STRING"]))).body
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return (body,)

    return serve


def metered() -> Any:
    """The data plane as the exchange wires it and serves it: real journal, real log intake."""
    import secrets  # noqa: PLC0415 -- only this server needs it

    import psycopg  # noqa: PLC0415 -- only this server needs it

    from app.core.cipher import Cipher  # noqa: PLC0415 -- only this server needs it
    from app.core.clock import SystemClock  # noqa: PLC0415 -- only this server needs it
    from app.core.memory import settle_memory  # noqa: PLC0415 -- only this server needs it
    from app.core.scheduling import schedule_in_batches  # noqa: PLC0415 -- as above
    from app.core.signing import Ed25519Signer  # noqa: PLC0415 -- only this server needs it
    from app.loop_front import LoopFront  # noqa: PLC0415 -- only this server needs it
    from app.web.proxies import TrustedProxies  # noqa: PLC0415 -- only this server needs it
    from app.web.rsgi import WsgiThreads  # noqa: PLC0415 -- only this server needs it
    from ledger.journal.call_books import CallBooks  # noqa: PLC0415 -- only this server needs it
    from ledger.journal.wallet_leases import WalletLeases  # noqa: PLC0415 -- only this server needs it
    from ledger.log import intake  # noqa: PLC0415 -- only this server needs it
    from metering.assembly import Outside, build_data_plane  # noqa: PLC0415 -- as above
    from metering.data_plane import DataPlane, DataPlaneSettings  # noqa: PLC0415 -- as above
    from metering.delivery.loop_upstream import LoopHttpUpstream  # noqa: PLC0415 -- only this server needs it
    from metering.loop_waiting import LoopWaiting  # noqa: PLC0415 -- only this server needs it

    schedule_in_batches()
    clock = SystemClock()
    signer = Ed25519Signer.from_seed("bench.localhost/log/receipts", b"r" * 32)

    def make_plane(loop: asyncio.AbstractEventLoop) -> DataPlane:
        return build_data_plane(
            DataPlaneSettings(places=512),
            Outside(
                connect=lambda: psycopg.connect(DATABASE_URL),
                clock=clock,
                entropy=secrets.token_bytes,
                cipher=Cipher(b"b" * 32),
                receipt_signer_at=lambda _at: signer,
                wallets=WalletLeases(clock),
                books=CallBooks(),
                log=intake,
                waiting=LoopWaiting(loop, LoopHttpUpstream(loop, ["127.0.0.0/8"])),
            ),
        )

    settle_memory()
    return LoopFront(
        WsgiThreads(upstream, threads=1, body_bytes_max=1024), make_plane, TrustedProxies(())
    )
