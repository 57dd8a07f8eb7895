"""Entropy for hot paths: one system call for many small draws."""

import threading
from collections.abc import Callable

BLOCK_BYTES = 8192


class EntropyPool:
    """Hands out every byte of its source once, in order; safe for threads, not across a fork.

    A system call for each draw costs several microseconds and gives up Python's lock, which under
    load means waiting for it again.
    """

    def __init__(self, source: Callable[[int], bytes], *, block_bytes: int = BLOCK_BYTES) -> None:
        self._source = source
        self._block_bytes = block_bytes
        self._block = b""
        self._at = 0
        self._lock = threading.Lock()

    def __call__(self, count: int) -> bytes:
        """``count`` bytes that nobody else was given."""
        if count > self._block_bytes:
            return self._source(count)
        with self._lock:
            start, end = self._at, self._at + count
            if end > len(self._block):
                self._block = self._source(self._block_bytes)
                start, end = 0, count
            self._at = end
            return self._block[start:end]
