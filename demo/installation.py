"""A whole installation for the story: supervisor, supplier's upstream, free ports, own folder."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from demo.http import Client, Surprise

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 120
_POLL_SECONDS = 0.1
_PORTS = range(20_000, 32_000)
_PORT_TRIES_MAX = 50


def free_port() -> int:
    """A loopback port that nobody uses at the moment.

    Below the range that the kernel gives to outgoing connections, or one of those would take it
    before the server that it is for has started.
    """
    for _ in range(_PORT_TRIES_MAX):
        port = _PORTS.start + secrets.randbelow(len(_PORTS))
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    message = f"no free port among {_PORTS.start} to {_PORTS.stop}"
    raise Surprise(message)


@dataclass
class Installation:
    """The exchange and a supplier's upstream, each in processes of their own."""

    folder: Path
    extra: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    chain_port: int = field(default_factory=free_port)
    upstream_port: int = field(default_factory=free_port)
    upstream_key: str = field(default_factory=lambda: secrets.token_hex(24))
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        """Where the exchange answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def upstream_url(self) -> str:
        """Where the supplier's upstream answers."""
        return f"http://127.0.0.1:{self.upstream_port}"

    @property
    def chain_url(self) -> str:
        """Where the embedded chain answers JSON-RPC."""
        return f"http://127.0.0.1:{self.chain_port}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of this installation."""
        inherited = {
            name: value
            for name, value in os.environ.items()  # noqa: TID251 -- passed on without our settings
            if not name.startswith("COUNTERFOIL_") and name not in {"DATABASE_URL", "REDIS_URL"}
        }
        return inherited | {
            "COUNTERFOIL_VAR": str(self.folder),
            "COUNTERFOIL_BIND": f"127.0.0.1:{self.port}",
            "COUNTERFOIL_CHAIN_PORT": str(self.chain_port),
            "COUNTERFOIL_UPSTREAM_NETWORKS": "127.0.0.0/8",
            "COUNTERFOIL_ANCHOR_SECONDS": "2",
            "COUNTERFOIL_CHECKPOINT_SECONDS": "0.2",
            "COUNTERFOIL_LEASE_SECONDS": "3",
            **self.extra,
        }

    def start(self) -> None:
        """Start everything and wait until the exchange is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._spawn("app.supervisor", log="exchange.log")
        self._spawn(
            "demo.upstream",
            "--port",
            str(self.upstream_port),
            "--key",
            self.upstream_key,
            log="upstream.log",
        )
        self.wait_until_ready()
        self._wait_for_upstream()

    def _spawn(self, module: str, *arguments: str, log: str) -> None:
        with (self.folder / log).open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.append(process)

    def wait_until_ready(self) -> None:
        """Poll `/readyz`; give up after two minutes, or when the supervisor has ended."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._processes[0].poll() is not None:
                break
            if self._is_ready():
                return
            time.sleep(_POLL_SECONDS)
        message = f"the exchange did not become ready; see {self.folder / 'exchange.log'}"
        raise Surprise(message)

    def _wait_for_upstream(self) -> None:
        """The exchange makes its test calls once: the supplier must be there before it submits."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.upstream_port), timeout=1).close()
                return
            time.sleep(_POLL_SECONDS)
        message = f"the upstream does not answer; see {self.folder / 'upstream.log'}"
        raise Surprise(message)

    def wait_until_ended(self) -> None:
        """Return only by an exception: a signal, or `Surprise` when one of the processes ends."""
        while all(process.poll() is None for process in self._processes):
            time.sleep(_POLL_SECONDS)
        message = f"a process ended by itself; see {self.folder}/*.log"
        raise Surprise(message)

    def _is_ready(self) -> bool:
        try:
            return Client(self.base_url).send("GET", "/readyz").status == 200
        except OSError:
            return False

    def bootstrap(self, email: str, password: str) -> None:
        """Make the exchange's own organisation and its first operator, as an operator does."""
        command = [sys.executable, "-m", "flask", "bootstrap", "--email", email]
        subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment | {"COUNTERFOIL_OPERATOR_PASSWORD": password},
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def processes(self) -> dict[str, int]:
        """The exchange's processes by name, as the supervisor wrote them down."""
        lines = (self.folder / "processes").read_text(encoding="ascii").split("\n")
        return {name: int(pid) for name, pid in (line.split() for line in lines if line)}

    def kill(self, name: str) -> None:
        """Kill one of the exchange's processes, with its children, without any warning."""
        os.killpg(self.processes()[name], signal.SIGKILL)

    def stop(self) -> None:
        """Stop everything in an orderly way."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()
