"""A stand-in for the network between a worker and PostgreSQL that can be cut around a commit."""

import contextlib
import re
import socket
import threading
from pathlib import Path

from psycopg import conninfo

PREPARED = re.compile(rb"(round_trip_\d+\0)COMMIT\0")
"""Commits are prepared, too; from then on only the statement's name goes by."""
COMMITTED = b"C\0\0\0\x0bCOMMIT\0"
"""CommandComplete of a commit (PostgreSQL protocol, message formats)."""


class CuttingProxy:
    """Passes everything on, until armed: then the next commit is cut off.

    ``cut`` is ``"before"``: the server never hears of the commit; or ``"after"``: it commits, and
    nobody hears that it did. A cut that ``is_silent`` leaves both ends open: nothing more goes by.
    """

    def __init__(self, database_url, folder):
        parts = conninfo.conninfo_to_dict(database_url)
        self._server = f"{parts['host']}/.s.PGSQL.{parts.get('port', 5432)}"
        self._path = Path(folder) / ".s.PGSQL.5432"
        self.url = conninfo.make_conninfo(database_url, host=str(folder))
        self.cut = None
        self.is_silent = False
        self.cuts = 0
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._server)
                for source, target, marks, when in (
                    (client, server, {b"COMMIT\0"}, "before"),
                    (server, client, {COMMITTED}, "after"),
                ):
                    threading.Thread(
                        target=self._pass_on, args=(source, target, marks, when), daemon=True
                    ).start()

    def _pass_on(self, source, target, marks, when):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 20):
                marks |= set(PREPARED.findall(data))
                if any(mark in data for mark in marks) and self._is_cut(when):
                    if self.is_silent:
                        self._stopped.wait()
                    break
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _is_cut(self, when):
        with self._lock:
            if self.cut != when:
                return False
            self.cut = None
            self.cuts += 1
            return True
