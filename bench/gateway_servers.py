"""The servers under measurement, each a process of its own on one core."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

LOOP = ["--interface", "rsgi", "--loop", "uvloop", "--runtime-mode", "st", "--no-ws"]


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pinned(core: int) -> list[str]:
    """What a command begins with so that it runs on that core, where there is one."""
    taskset = shutil.which("taskset")
    cores = os.cpu_count() or 1
    return [taskset, "-c", str(core)] if taskset and cores > core else []


@contextmanager
def served(
    target: str, core: int, *flags: str, threads: int | None = 16, **environment: str
) -> Iterator[tuple[int, int]]:
    """A granian with one worker on a core; its port and process id."""
    port = free_port()
    command = [*pinned(core), sys.executable, "-m", "granian", "--port", str(port)]
    command += ["--backlog", "1024", "--no-log"]
    command += (
        LOOP if threads is None else ["--interface", "wsgi", "--blocking-threads", f"{threads}"]
    )
    process = subprocess.Popen([*command, *flags, target], env=os.environ | environment)
    try:
        wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for(port: int) -> None:
    """Until something answers there; raises TimeoutError after a minute."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as sock:
                sock.settimeout(2)
                sock.sendall(b"GET /nothing HTTP/1.1\r\nHost: bench\r\n\r\n")
                if sock.recv(1):
                    return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError
