"""The files in which processes count together, with all their room taken beforehand.

The library makes them sparse and writes through a mapping: where the disk has no room left for a
page, the kernel ends the process with SIGBUS. Taken beforehand, the lack of room is an `OSError`.
"""

import os

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict
from typing_extensions import override

_FIRST_BYTES = 1 << 16
_AROUND_A_KEY_BYTES = 32


class RoomyMmapedDict(MmapedDict):
    """Raises `OSError` where there is no room for a value that is new."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:  # noqa: FBT001, FBT002 -- the library's
        if not read_mode:
            with open(filename, "ab") as file:  # noqa: PTH123 -- as the library opens it
                os.posix_fallocate(file.fileno(), 0, _FIRST_BYTES)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call] # the library types nothing here

    @override
    def _init_value(self, key: str) -> None:
        needed = self._used + len(key.encode()) + _AROUND_A_KEY_BYTES
        if needed > self._capacity:
            os.posix_fallocate(self._f.fileno(), 0, 2 * self._capacity)  # as the library doubles it
        super()._init_value(key)  # type: ignore[no-untyped-call]


def take_room() -> None:
    """Have the library keep every file of this process so."""
    values.MmapedDict = RoomyMmapedDict  # type: ignore[attr-defined]
