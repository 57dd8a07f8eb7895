"""How memory is kept off the path of requests: the collector's work, and the search for pages."""

import ctypes
import gc
import mmap
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

YOUNG_MAX = 50_000
"""New objects between two looks at the young; calls waiting for one commit make 5,000."""

HUGE_BYTES = 2 * 1024 * 1024
"""A huge page of x86-64, and of ARM with pages of 4 KiB."""
_COLLAPSE = 25
"""MADV_COLLAPSE of Linux 6.1 and later: make huge pages of what is there, at once."""
_PRIVATE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p \S+ 00:00 0 *(?:\[heap\])?$")
_RESIDENT = re.compile(r"Rss: +(\d+) kB")


def settle_memory() -> None:
    """Call once, when a serving process is built and before it serves.

    What exists then lives as long as the process: it is set apart, so that a full collection does
    not walk through it again (18 µs a call were spent so). Young objects are looked at less often,
    because nearly all of them die with their request, without the collector. And all of it moves
    into huge pages, where the system has them for those who ask.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 20, 20)
    _take_huge_pages()


def _take_huge_pages() -> None:
    """Have what is in memory in pages of 2 MiB; nothing happens where that cannot be (Linux only).

    A call touches objects all over the heap. In pages of 4 KiB each needs an entry of its own in
    the processor's table of addresses, which holds some hundred, and looking one up in a virtual
    machine takes up to 24 reads (madvise(2); 25 of 307 µs a call, see docs/decisions/0030).
    """
    with suppress(OSError, AttributeError):
        advise = ctypes.CDLL(None).madvise
        # Names of mapped files are any bytes, and nothing of them is looked for.
        smaps = Path("/proc/self/smaps").read_text(encoding="ascii", errors="replace")
        for start, end in _resident_ranges(smaps):
            where, size = ctypes.c_void_p(start), ctypes.c_size_t(end - start)
            advise(where, size, mmap.MADV_HUGEPAGE)
            advise(where, size, _COLLAPSE)


def _resident_ranges(smaps: str) -> Iterator[tuple[int, int]]:
    """Whole huge pages of private memory that is mostly in use: no stacks, nothing set aside."""
    start = end = 0
    for line in smaps.splitlines():
        if (header := _PRIVATE.match(line)) is not None:
            start, end = (int(bound, 16) for bound in header.groups())
        elif (resident := _RESIDENT.match(line)) is not None:
            if int(resident.group(1)) * 1024 * 2 > end - start:
                first, last = -(-start // HUGE_BYTES) * HUGE_BYTES, end // HUGE_BYTES * HUGE_BYTES
                if first < last:
                    yield first, last
            start = end = 0
