"""Arrays in PostgreSQL's own wire format, for statements that carry thousands of values a second.

psycopg's list dumper adapts element by element through Python; a metered call paid more for that
than for its commit. Use these as parameters: ``cursor.execute(sql, (text_array(names),))``.
Format: https://www.postgresql.org/docs/current/protocol-overview.html (array_send).
"""

import struct
from collections.abc import Sequence
from typing import cast

from psycopg import adapters, pq
from psycopg.adapt import Buffer, Dumper
from typing_extensions import override

_TEXT, _BIGINT, _BYTEA = 25, 20, 17
_NULL = b"\xff\xff\xff\xff"
_HEADER = struct.Struct("!iiIii")
_EMPTY = struct.Struct("!iiI")
_LENGTH = struct.Struct("!i").pack
_BIGINT_ELEMENT = struct.Struct("!iq").pack
_LENGTHS = tuple("\0\0\0" + chr(length) for length in range(128))
"""The length of a short ASCII text as it is sent, itself as ASCII."""


class _WireArray:
    """Bytes of an array, ready to be sent."""

    __slots__ = ("wire",)

    def __init__(self, wire: bytes) -> None:
        self.wire = wire


class TextArray(_WireArray):
    """A ``text[]``."""

    __slots__ = ()


class BigintArray(_WireArray):
    """A ``bigint[]``."""

    __slots__ = ()


class ByteaArray(_WireArray):
    """A ``bytea[]``."""

    __slots__ = ()


class _WireDumper(Dumper):
    format = pq.Format.BINARY

    @override
    def dump(self, obj: _WireArray) -> Buffer:
        return obj.wire


class _TextDumper(_WireDumper):
    oid = 1009


class _BigintDumper(_WireDumper):
    oid = 1016


class _ByteaDumper(_WireDumper):
    oid = 1001


adapters.register_dumper(TextArray, _TextDumper)
adapters.register_dumper(BigintArray, _BigintDumper)
adapters.register_dumper(ByteaArray, _ByteaDumper)


def text_array(values: Sequence[str | None]) -> TextArray:
    """A ``text[]`` of one dimension; None is NULL."""
    if not values:
        return TextArray(_header(_TEXT, 0))
    try:
        # Ids and codes, nearly always: written as one text, in two thirds of the time.
        texts = cast("Sequence[str]", values)
        elements = "".join([_LENGTHS[len(text)] + text for text in texts])
    except (TypeError, IndexError):
        return TextArray(_any_texts(values))
    if not elements.isascii():
        return TextArray(_any_texts(values))
    return TextArray(_header(_TEXT, len(values)) + elements.encode("ascii"))


def _any_texts(values: Sequence[str | None]) -> bytes:
    """With NULLs, of any length, of any characters."""
    parts = [_header(_TEXT, len(values))]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            encoded = value.encode()
            parts += (_LENGTH(len(encoded)), encoded)
    return b"".join(parts)


def bytea_array(values: Sequence[bytes | None]) -> ByteaArray:
    """A ``bytea[]`` of one dimension; None is NULL."""
    parts = [_header(_BYTEA, len(values))]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            parts += (_LENGTH(len(value)), value)
    return ByteaArray(b"".join(parts))


def bigint_array(values: Sequence[int | None]) -> BigintArray:
    """A ``bigint[]`` of one dimension; None is NULL. Raises struct.error beyond 64 bits."""
    parts = [_header(_BIGINT, len(values))]
    parts += [_NULL if value is None else _BIGINT_ELEMENT(8, value) for value in values]
    return BigintArray(b"".join(parts))


def _header(element: int, count: int) -> bytes:
    # Dimensions, whether NULLs may occur, element type; then length and first index of each.
    return _HEADER.pack(1, 1, element, count, 1) if count else _EMPTY.pack(0, 0, element)
