"""Serves a whole installation from one command: starts the processes, and restarts the dead."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from app import embedded_postgres
from app.core.cipher import Cipher
from app.core.durable_files import replace_text
from app.database import find_database
from app.keys.keyring import FileKeyring
from app.settings import Settings, SettingsRefused, development_secret, from_environment
from app.watching import ASK_SECONDS, SAID_AFTER, Health, Watch
from app.web.observability import configure_logs
from migrations.run import upgrade

_log = structlog.get_logger("supervisor")
_POLL_SECONDS = 0.2
_STOP_SECONDS = 20
_RESTART_PAUSE_MAX_SECONDS = 5.0
_LONG_LIFE_SECONDS = 60.0
EXIT_IN_USE = 3


@dataclass
class Child:
    """One process and how to start it."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    starts_count: int = 0
    started_at: float = 0.0
    short_lives_count: int = 0

    def start(self, environment: dict[str, str]) -> None:
        """Start it in its own session, so that a terminal's signals reach only the supervisor."""
        self._clear_away()
        self.started_at = time.monotonic()  # also of a start that fails: it is a short life
        self.process = subprocess.Popen(self.command, env=environment, start_new_session=True)  # noqa: S603 -- our own commands
        self.starts_count += 1
        _log.info("started", child=self.name, pid=self.process.pid, starts=self.starts_count)

    def next_pause(self) -> float:
        """Seconds to wait before the next start: longer with each short life in a row."""
        if time.monotonic() - self.started_at > _LONG_LIFE_SECONDS:
            self.short_lives_count = 0
        self.short_lives_count += 1
        return min(0.1 * self.short_lives_count, _RESTART_PAUSE_MAX_SECONDS)

    @property
    def is_dead(self) -> bool:
        """Whether it has ended."""
        return self.process is None or self.process.poll() is not None

    def _clear_away(self) -> None:
        """End what a killed process left of its group: gateways that still hold the port."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process = None  # its number may be somebody else's by the next try

    def kill(self) -> None:
        """End the process that was started; what it began goes before the next start."""
        process = self.process
        if process is not None:
            process.kill()

    def stop(self) -> None:
        """Ask, wait, and kill only what does not listen."""
        if self.process is None or self.is_dead:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Supervisor:
    """Keeps the processes of one installation running until it is told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._children: list[Child] = []
        self._environment = dict(os.environ)  # noqa: TID251 -- handed on to the children

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        self._prepare()
        for child in self._children:
            self._start(child)
        for watch in self._watches():
            threading.Thread(target=watch.watch, args=(self._stop,), daemon=True).start()
        while not self._stop.wait(_POLL_SECONDS):
            self._revive()
        self._shut_down()

    def _prepare(self) -> None:
        _end_orphans(self._settings)
        self._environment["PROMETHEUS_MULTIPROC_DIR"] = _empty_folder(
            self._settings.var / "metrics"
        )
        if not self._settings.database_url:
            self._end_silent_database()
        upgrade(find_database(self._settings))
        self._children = [Child(name, command) for name, command in _commands(self._settings)]

    def _revive(self) -> None:
        self._revive_database()
        for child in self._children:
            if child.is_dead and not self._stop.is_set():
                _log.warning("died", child=child.name)
                self._stop.wait(child.next_pause())
                self._start(child)

    def _start(self, child: Child) -> None:
        """Start one; a machine that is short of something for a while costs no other child."""
        try:
            child.start(self._environment)
        except OSError:  # no memory, no process left: the next poll tries again
            _log.exception("cannot be started yet", child=child.name)
            return
        try:
            _write_state(self._settings, self._children)
        except OSError:
            _log.exception("the children's process ids cannot be written")

    def _revive_database(self) -> None:
        data = self._settings.var / "postgres"
        if self._settings.database_url or embedded_postgres.is_running(data):
            return
        _log.warning("died", child="postgres")
        try:
            embedded_postgres.start(data, within_seconds=0)  # no other child waits for it
        except Exception:  # noqa: BLE001 -- orphaned backends may still be leaving; the next poll tries again
            _log.exception("the embedded database cannot be started yet")

    def _is_database_silent(self) -> bool:
        data = self._settings.var / "postgres"
        return embedded_postgres.is_silent(data, within_seconds=ASK_SECONDS)

    def _end_silent_database(self) -> None:
        """One that hung before we came would hold us up without a word; nobody works in it yet."""
        if all(self._is_database_silent() for _ in range(SAID_AFTER)):
            _log.error("given up", child="postgres", questions=SAID_AFTER)
            embedded_postgres.kill(self._settings.var / "postgres")

    def _watches(self) -> Iterator[Watch]:
        health = Health(self._settings.bind_host, self._settings.bind_port, ASK_SECONDS)
        for web in (child for child in self._children if child.name == "web"):
            yield Watch(web.name, partial(health.is_silent, web), web.kill)
        if not self._settings.database_url:
            kill = partial(embedded_postgres.kill, self._settings.var / "postgres")
            yield Watch("postgres", self._is_database_silent, kill)

    def _shut_down(self) -> None:
        # The gate first, so that nothing new begins; then what works behind it.
        for child in reversed(self._children):
            child.stop()
        if not self._settings.database_url:
            embedded_postgres.stop(self._settings.var / "postgres")
        (self._settings.var / "processes").unlink(missing_ok=True)
        _log.info("stopped")


def _empty_folder(folder: Path) -> str:
    """Where processes keep their counts together; those of an earlier start are over."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return str(folder.absolute())


def _commands(settings: Settings) -> list[tuple[str, list[str]]]:
    worker, web = _python("app.worker.process"), _granian(settings)
    servers = [("worker", worker), ("web", web)]
    return servers if settings.chain_url else [("chain", _chain_node(settings)), *servers]


def _chain_node(settings: Settings) -> list[str]:
    from contracts.accounts import AccountKeys  # noqa: PLC0415 -- large, and for this node alone

    cipher = Cipher.from_passphrase(development_secret(settings))
    keyring = FileKeyring(settings.key_file, cipher, origin="unused")
    accounts = AccountKeys.derive(keyring.chain_account).addresses
    funds = [part for address in accounts for part in ("--fund", address)]
    folder, port = str(settings.var / "chain"), str(settings.chain_port)
    return _python("contracts.embedded_node", "--path", folder, "--port", port, *funds)


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _granian(settings: Settings) -> list[str]:
    options = {
        "--interface": "rsgi",
        "--host": settings.bind_host,
        "--port": str(settings.bind_port),
        "--workers": str(settings.web_processes),
        "--loop": "uvloop",
        "--runtime-mode": "st",
        "--backlog": "1024",
        "--log-level": "warning",
    }
    flags = ["--respawn-failed-workers", "--no-ws"]
    return _python(
        "granian", *(part for pair in options.items() for part in pair), *flags, "rsgi:application"
    )


def _write_state(settings: Settings, children: list[Child]) -> None:
    """The children's process ids, for people and for the crash tests."""
    lines = [f"{child.name} {child.process.pid}" for child in children if child.process]
    # Whoever reads it while a child is restarted reads all of it.
    replace_text(settings.var / "processes", "\n".join(lines) + "\n", is_synced=False)


def _end_orphans(settings: Settings) -> None:
    """End the children of a supervisor that was itself killed: they hold ports and files.

    Only what still runs under the very command that we would start is ours to end.
    """
    commands = dict(_commands(settings))
    try:
        lines = (settings.var / "processes").read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return
    for name, number in (line.split() for line in lines):
        if _command_of(int(number)) == commands.get(name):
            _log.warning("orphan ended", child=name, pid=int(number))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(number), signal.SIGKILL)


def _command_of(pid: int) -> list[str] | None:
    """The arguments of a running process; None where there is none, or nobody tells."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")[:-1]
    except (OSError, UnicodeDecodeError):
        return None


def _claim(var: Path) -> int | None:
    """Hold the folder for this process's life, however it ends; None where another holds it."""
    var.mkdir(parents=True, exist_ok=True)
    handle = os.open(var / "supervisor.lock", os.O_RDWR | os.O_CREAT, mode=0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    os.truncate(handle, 0)
    os.write(handle, str(os.getpid()).encode())  # for people
    return handle


def main() -> int:
    """Run the supervisor with the environment's settings."""
    try:
        settings = from_environment(os.environ)  # noqa: TID251 -- the one reading of settings
    except SettingsRefused as refused:
        sys.stderr.write(f"{refused}\n")
        return 2
    configure_logs(settings.log_level)
    if _claim(settings.var) is None:
        sys.stderr.write(f"another supervisor serves {settings.var} already; nothing was started\n")
        return EXIT_IN_USE
    try:
        Supervisor(settings).run()
    except embedded_postgres.NotStarted as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
