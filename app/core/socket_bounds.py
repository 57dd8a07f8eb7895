"""Bounds what is said over a socket as a whole: its own timeout bounds one wait, not their sum."""

import socket
import threading
from contextlib import suppress
from typing import Self


class SocketBound:
    """Shuts the watched socket when its time is over; leaving the bound then raises `TimeoutError`.

    Whoever sends a byte now and then keeps to every timeout, and would be waited for for ever.
    """

    def __init__(self, seconds: float) -> None:
        self._lock = threading.Lock()
        self._watched: socket.socket | None = None
        self._is_over = False
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._watched = None
            if self._is_over:
                raise TimeoutError

    def watch(self, sock: socket.socket) -> None:
        """From now on it is this socket; it is shut at once when the time is over already."""
        with self._lock:
            self._watched = sock
            if self._is_over:
                _shut(sock)

    def _end(self) -> None:
        with self._lock:
            self._is_over = True
            if self._watched is not None:
                _shut(self._watched)


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):  # it is closed, or its other end is gone
        sock.shutdown(socket.SHUT_RDWR)
