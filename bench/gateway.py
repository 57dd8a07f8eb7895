"""Section ``gateway``: metered calls against what they cost without us, in interleaved rounds.

Servers run on core 0; upstream and load generator on core 1; PostgreSQL where the system puts it,
with the write-ahead files of one that has served for a while (`bench.write_ahead`). A round of the
metered server counts only if the answers it gave equal the events it recorded and the sums agree.
Against nginx both are loaded by wrk, which counts no answer that comes after its time: there the
events may exceed the answers by what was in flight.
"""

import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from app import embedded_postgres
from app.core.canonical import base64_text
from bench.gateway_apps import UPSTREAM_BODY
from bench.gateway_cpu import Meterstick, per_call
from bench.gateway_market import LISTING, PRICE, prepare_market
from bench.gateway_nginx import (
    WRK_CONNECTIONS,
    is_installed,
    load_with_wrk,
    proxy_nginx,
    upstream_nginx,
)
from bench.gateway_servers import free_port, pinned, served, wait_for
from bench.gateway_stages import cpu_by_stage
from bench.gateway_whole import cpu_of_whole_call
from bench.write_ahead import files_made, make_files_ahead

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
CONNECTIONS = 128
"""Enough to find what a core can do: at 64 a sixth of the metered server's time was waiting for the
disk, and nothing of the others'."""
THREADS = {"bare_flask": 16, "naive": 16, "unmetered": 16}
"""What suits them: with 64 threads the bare proxy lost a third of its rate here. The metered server
is the exchange's own: one event loop."""
BARE, NAIVE = "bench.gateway_baselines:bare_flask", "bench.gateway_baselines:naive"
UNMETERED, METERED = "bench.gateway_apps:unmetered", "rsgi:application"
"""The metered server is what an installation starts, both planes in one process."""
TARGETS = {"bare_flask": BARE, "naive": NAIVE, "unmetered": UNMETERED, "metered": METERED}

LIMITS = {"nginx": 0, "nginx_beside_load": 1}
"""The cores of plain nginx: where the servers are, and where the load generator is
(docs/decisions/0039)."""


@dataclass
class Bench:
    """What every round shares."""

    database_url: str
    keys: list[str]
    ports: dict[str, int]
    connection: "psycopg.Connection[Any]"
    folder: Path
    metersticks: dict[str, Meterstick]
    cpu: dict[str, list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))

    def recorded(self) -> tuple[int, int]:
        """Events recorded and their amounts summed (10⁻⁸)."""
        row = self.connection.execute(
            "SELECT count(*), coalesce(sum(amount), 0)::bigint FROM usage_events"
        ).fetchone()
        assert row is not None
        return row[0], row[1]


def _load(port: int, keys: list[str], *, connections: int, rate: float = 0.0) -> dict[str, Any]:
    requests = "\n".join(
        base64_text(
            f"GET /data/{LISTING}?iata=PVG HTTP/1.1\r\nHost: bench\r\n"
            f"Authorization: Bearer {key}\r\n\r\n".encode()
        )
        for key in keys
    )
    command = [*pinned(1), sys.executable, "-m", "bench.gateway_load", str(port)]
    command += [str(connections), str(SECONDS), str(rate)]
    done = subprocess.run(command, input=requests, capture_output=True, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def _round(bench: Bench, name: str, keys: list[str]) -> float | None:
    """Answers a second in one round, or None for a round that does not count."""
    before, spent_before = bench.recorded(), bench.metersticks[name].read()
    figures = _load(bench.ports[name], keys, connections=CONNECTIONS)
    spent = bench.metersticks[name].read() - spent_before
    if figures["others"] or not figures["answers"]:
        return None
    if name == "metered":
        after = bench.recorded()
        events, amount = after[0] - before[0], after[1] - before[1]
        if events != figures["answers"] or amount != events * PRICE:
            return None
    if keys is bench.keys:
        bench.cpu[name].append(per_call(spent, figures["answers"]))
    return float(figures["rps"])


def _wrk_round(bench: Bench) -> dict[str, float] | None:
    """Metered calls and nginx's, a second, by wrk; None for a round that does not count."""
    if "nginx" not in bench.ports:
        return None
    loaded = {}
    before = bench.recorded()
    for name in ("metered", *LIMITS):
        url = f"http://127.0.0.1:{bench.ports[name]}/data/{LISTING}?iata=PVG"
        figures = load_with_wrk(bench.folder, pinned(1), url, keys=bench.keys, seconds=SECONDS)
        if figures is None or figures["others"] or not figures["answers"]:
            return None
        loaded[name] = figures
    after = bench.recorded()
    events, amount = after[0] - before[0], after[1] - before[1]
    in_flight = events - loaded["metered"]["answers"]
    if not 0 <= in_flight <= WRK_CONNECTIONS or amount != events * PRICE:
        return None
    return {
        ("metered_by_wrk" if name == "metered" else name): each["rps"]
        for name, each in loaded.items()
    }


def _rounds(bench: Bench) -> dict[str, list[float]]:
    """Every server once forwards, once backwards, and so on; only whole rounds are kept."""
    found: dict[str, list[float]] = {
        name: [] for name in (*TARGETS, "hot_licence", "metered_by_wrk", *LIMITS)
    }
    for number in range(ROUNDS):
        order = list(TARGETS) if number % 2 == 0 else list(reversed(TARGETS))
        figures = {name: _round(bench, name, bench.keys) for name in order}
        figures["hot_licence"] = _round(bench, "metered", bench.keys[:1])
        if all(figures.values()):
            for name, rps in figures.items():
                found[name].append(rps or 0.0)
        for name, rps in (_wrk_round(bench) or {}).items():
            found[name].append(rps)
    return found


def _ratio(found: dict[str, list[float]], over: str, under: str) -> float | None:
    pairs = list(zip(found[over], found[under], strict=True))
    return round(statistics.median(a / b for a, b in pairs), 3) if pairs else None


def _latency(bench: Bench, capacity: dict[str, float]) -> dict[str, Any]:
    """Open loop at half of each one's capacity, and of both at half of the bare proxy's."""
    own = capacity["metered"] / 2
    least = min(own, capacity["bare_flask"] / 2)
    loads = {
        "metered": ("metered", own),
        "bare_flask": ("bare_flask", least),
        "equal_load": ("metered", least),
    }
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in loads}
    for _ in range(3):
        for name, (server, rate) in loads.items():
            port = bench.ports[server]
            runs[name].append(_load(port, bench.keys, connections=CONNECTIONS, rate=rate))
    median = {
        (name, key): round(statistics.median(run[key] for run in of_load), 3)
        for name, of_load in runs.items()
        for key in ("p50_ms", "p99_ms")
    }
    figures: dict[str, Any] = {}
    for key in ("p50_ms", "p99_ms"):
        bare = median["bare_flask", key]
        figures |= {
            key: median["metered", key],
            f"bare_flask_{key}": bare,
            f"added_{key}": round(median["metered", key] - bare, 3),
            f"added_at_equal_load_{key}": round(median["equal_load", key] - bare, 3),
        }
    return figures


def _summary(found: dict[str, list[float]]) -> dict[str, Any]:
    medians = {
        f"{name}_rps": round(statistics.median(rounds), 1) if rounds else None
        for name, rounds in found.items()
    }
    return medians | {
        "metered_over_bare_flask": _ratio(found, "metered", "bare_flask"),
        "metered_over_naive": _ratio(found, "metered", "naive"),
        "metered_over_unmetered": _ratio(found, "metered", "unmetered"),
        "metered_over_nginx": _ratio(found, "metered_by_wrk", "nginx"),
        "metered_over_nginx_beside_load": _ratio(found, "metered_by_wrk", "nginx_beside_load"),
        "connections": CONNECTIONS,
        "threads": THREADS | {"metered": "one event loop"},
        "rounds": ROUNDS,
        "rounds_counted": len(found["metered"]),
        "load_generator": "bench.gateway_load (Python, own process); against nginx wrk",
        "upstream": "nginx" if is_installed() else "granian",
        "notes": _notes(),
    }


def _notes() -> list[str]:
    missing = [name for name in ("nginx", "wrk") if shutil.which(name) is None]
    notes = [f"{name} is not installed here" for name in missing]
    return [*notes, "metered_over_nginx is metered_by_wrk_rps over nginx_rps"]


def run(report: dict[str, Any]) -> None:
    """Measure and write the section ``gateway``."""
    folder = Path(tempfile.mkdtemp(prefix="counterfoil-bench-"))
    folder.chmod(0o755)
    try:
        superuser = embedded_postgres.start(folder / "postgres")
        make_files_ahead(superuser)
        url = embedded_postgres.ensure_database(superuser, f"bench_{secrets.token_hex(4)}")
        with ExitStack() as stack:
            report["gateway"] = _measure(stack, url, folder)
    finally:
        embedded_postgres.stop(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


def _upstream(stack: ExitStack, folder: Path) -> int:
    if not is_installed():
        return stack.enter_context(served("bench.gateway_apps:upstream", 1))[0]
    port = free_port()
    stack.enter_context(upstream_nginx(folder / "upstream", pinned(1), port, UPSTREAM_BODY))
    wait_for(port)
    return port


def _limits(stack: ExitStack, folder: Path, upstream_port: int) -> dict[str, int]:
    if not is_installed():
        return {}
    ports = {}
    for name, core in LIMITS.items():
        ports[name] = free_port()
        stack.enter_context(proxy_nginx(folder / name, pinned(core), ports[name], upstream_port))
        wait_for(ports[name])
    return ports


def _serve_all(
    stack: ExitStack, url: str, upstream: str, folder: Path
) -> dict[str, tuple[int, int]]:
    """Port and process id of each server under measurement."""
    bench = {"BENCH_UPSTREAM": upstream, "BENCH_DATABASE_URL": url}
    settings = {
        "DATABASE_URL": url,
        "COUNTERFOIL_VAR": str(folder / "var"),
        "COUNTERFOIL_UPSTREAM_NETWORKS": "127.0.0.0/8",
        "COUNTERFOIL_LOG_LEVEL": "WARNING",
    }
    running = {}
    for name, target in TARGETS.items():
        flags, environment = ((), settings) if target == METERED else (("--factory",), bench)
        server = served(target, 0, *flags, threads=THREADS.get(name), **environment)
        running[name] = stack.enter_context(server)
    return running


def _measure(stack: ExitStack, url: str, folder: Path) -> dict[str, Any]:
    upstream_port = _upstream(stack, folder)
    upstream = f"http://127.0.0.1:{upstream_port}/airports"
    keys = prepare_market(url, upstream)
    running = _serve_all(stack, url, upstream, folder)
    postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
    ports = {name: port for name, (port, _) in running.items()}
    ports |= _limits(stack, folder, upstream_port)
    connection = stack.enter_context(psycopg.connect(url, autocommit=True))
    connection.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")
    metersticks = {name: Meterstick(pid, postmaster) for name, (_, pid) in running.items()}
    bench = Bench(url, keys, ports, connection, folder, metersticks)
    made = files_made(connection)
    found = _rounds(bench)
    section = _summary(found)
    if found["metered"]:
        capacity = {name: statistics.median(rounds) for name, rounds in found.items()}
        section |= _latency(bench, capacity)
    section["write_ahead_files_made"] = files_made(connection) - made
    section["cpu_us_per_call"] = cpu_by_stage() | {"whole": cpu_of_whole_call()}
    section["server_cpu_us_per_call"] = {
        name: {part: statistics.median(run[part] for run in runs) for part in runs[0]}
        for name, runs in bench.cpu.items()
    }
    return section
