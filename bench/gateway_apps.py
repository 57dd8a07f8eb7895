"""The servers under measurement, each a granian target; BENCH_* variables say what they talk to."""

import json
import os
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

UPSTREAM = os.environ.get("BENCH_UPSTREAM", "")
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
