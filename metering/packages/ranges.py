"""Which bytes of a file a request is for (RFC 9110, sections 13.1.5 and 14)."""

import re
from typing import NamedTuple

from metering.packages.errors import RangeNotSatisfiable

_RANGE = re.compile(r"bytes[ \t]*=[ \t]*(\d{0,19})-(\d{0,19})", re.ASCII | re.IGNORECASE)


class ByteRange(NamedTuple):
    """First and last byte, both included."""

    first: int
    last: int
    is_partial: bool

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.last - self.first + 1


def etag_of(sha256: str) -> str:
    """The strong validator of a file: its hash."""
    return f'"{sha256}"'


def read_range(
    size_bytes: int, sha256: str, *, asked: str | None, if_range: str | None
) -> ByteRange:
    """The bytes to send; raises `RangeNotSatisfiable`.

    A header that is no range of bytes, or several of them, is passed over, as RFC 9110 lets a
    server do; so is one whose ``If-Range`` names another file. A date is never one's validator.
    """
    whole = ByteRange(0, size_bytes - 1, is_partial=False)
    if asked is None or (if_range is not None and if_range.strip() != etag_of(sha256)):
        return whole
    match = _RANGE.fullmatch(asked.strip())
    if match is None or match.group(1) == match.group(2) == "":
        return whole
    first, last = match.groups()
    if not first:
        if int(last) == 0:
            raise RangeNotSatisfiable(size_bytes)
        return ByteRange(max(size_bytes - int(last), 0), size_bytes - 1, is_partial=True)
    if last and int(last) < int(first):
        return whole  # not a valid range at all
    if int(first) >= size_bytes:
        raise RangeNotSatisfiable(size_bytes)
    end = size_bytes - 1 if not last else min(int(last), size_bytes - 1)
    return ByteRange(int(first), end, is_partial=True)
