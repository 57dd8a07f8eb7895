"""The evidence bundle's zip file: read by rebuilding it, so that no byte of it is free."""

import mmap
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Self

from counterfoil_verify.errors import NotChecked, require

STEP = "container"
MEMBERS_MAX = 65_535
BYTES_MAX = 0xFFFF_FFFF
NAME_MAX = 200
_NAME = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")

# PKWARE APPNOTE 6.3: stored, version 2.0, made on Unix, 1980-01-01 00:00, mode 0644.
_VERSION = 20
_MADE_BY = 3 << 8 | _VERSION
_DATE = 1 << 5 | 1
_MODE = 0o644 << 16
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


class Member(NamedTuple):
    """One file of the container: where its header and its data begin."""

    name: bytes
    crc: int
    size: int
    header_at: int
    data_at: int


def _local_header(member: Member) -> bytes:
    fixed = (_LOCAL_MARK, _VERSION, 0, 0, 0, _DATE, member.crc, member.size, member.size)
    return _LOCAL.pack(*fixed, len(member.name), 0) + member.name


def _central_header(member: Member) -> bytes:
    fixed = (_CENTRAL_MARK, _MADE_BY, _VERSION, 0, 0, 0, _DATE)
    sizes = (member.crc, member.size, member.size, len(member.name))
    return _CENTRAL.pack(*fixed, *sizes, 0, 0, 0, 0, _MODE, member.header_at) + member.name


def _directory(members: Mapping[str, Member], at: int) -> bytes:
    headers = b"".join(_central_header(member) for member in members.values())
    count = len(members)
    return headers + _END.pack(_END_MARK, 0, 0, count, count, len(headers), at, 0)


class Container:
    """A canonical zip file: any byte that its members do not dictate is Rejected on opening."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self._data = data
        self._members: dict[str, Member] = {}
        with memoryview(data) as view:
            self._check(view)

    @classmethod
    def open(cls, path: Path) -> Self:
        """A container over a mapped file, so that its size does not matter to memory."""
        try:
            if path.exists() and not path.is_file():
                raise NotChecked(STEP, f"{path} is not a plain file")
            with path.open("rb") as file:
                size = path.stat().st_size
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
        except (OSError, ValueError) as error:
            raise NotChecked(STEP, f"{path}: {error}") from error
        return cls(data)

    def _check(self, view: memoryview) -> None:
        require(len(view) <= BYTES_MAX, STEP, "longer than a zip file without extensions")
        at = 0
        while bytes(view[at : at + 4]) == _LOCAL_MARK:
            at = self._take(view, at)
        require(self._members, STEP, "not an evidence bundle")
        rebuilt = _directory(self._members, at)
        require(len(view) - at == len(rebuilt), STEP, "the file has another length when rebuilt")
        require(bytes(view[at:]) == rebuilt, STEP, "the directory differs when rebuilt")

    def _take(self, view: memoryview, at: int) -> int:
        member = _read_member(view, at)
        end = member.data_at + member.size
        name = member.name.decode()
        require(end <= len(view), STEP, f"{name} is cut short")
        require(bytes(view[at : member.data_at]) == _local_header(member), STEP,
                f"the header of {name} differs when rebuilt")  # fmt: skip
        require(zlib.crc32(view[member.data_at : end]) == member.crc, STEP,
                f"{name} differs from its checksum")  # fmt: skip
        is_later = not self._members or name > next(reversed(self._members))
        require(is_later, STEP, "the files are not sorted by name")
        self._members[name] = member
        require(len(self._members) <= MEMBERS_MAX, STEP, f"more than {MEMBERS_MAX} files")
        return end

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def below(self, folder: str) -> list[str]:
        """The names of the files in a folder."""
        return [name for name in self._members if name.startswith(folder)]

    def read(self, name: str, bytes_max: int) -> bytes:
        """A member's bytes; Rejected when it is missing or longer than allowed."""
        require(name in self._members, STEP, f"{name} is missing")
        member = self._members[name]
        require(member.size <= bytes_max, STEP, f"{name} is longer than {bytes_max} bytes")
        return self._data[member.data_at : member.data_at + member.size]

    def view(self, name: str) -> memoryview:
        """A member's bytes without a copy, for hashing."""
        member = self._members[name]
        return memoryview(self._data)[member.data_at : member.data_at + member.size]


def _read_member(view: memoryview, at: int) -> Member:
    require(len(view) - at > _LOCAL.size, STEP, "cut short in a header")
    crc, _, size, name_size = _LOCAL.unpack_from(view, at)[6:10]
    require(name_size <= NAME_MAX, STEP, "a name is too long")
    data_at = at + _LOCAL.size + name_size
    name = bytes(view[at + _LOCAL.size : data_at])
    require(_NAME.fullmatch(name), STEP, "a name is not a plain path")
    return Member(name, crc, size, at, data_at)
