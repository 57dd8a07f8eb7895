"""Tiles of height 8 (C2SP tlog-tiles): addresses, paths, and the growth of a tree's right edge."""

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ledger.log.errors import refuse
from ledger.log.tree.merkle import HASH_BYTES, Node, NodeReader, fold

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
LEVELS_MAX = 8
"""Levels that a tree of 2⁶² leaves needs; the format's own bound is 64."""

_NUMBER_PATH = re.compile(r"((?:x\d{3}/){0,6}\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


class TileAddress(NamedTuple):
    """A tile: its level (0 holds leaf hashes) and its number within the level."""

    level: int
    number: int


TileLoader = Callable[[Collection[TileAddress]], Mapping[TileAddress, bytes]]
"""Gives the stored hashes of tiles, as far as they reach."""


def number_path(number: int) -> str:
    """Three digits an element, all but the last behind an x: 1234067 -> ``x001/x234/067``."""
    elements = [f"{number % 1000:03d}"]
    while number := number // 1000:
        elements.append(f"x{number % 1000:03d}")
    return "/".join(reversed(elements))


def tile_path(number: int, width: int) -> str:
    """The path below the level, with the suffix that a partial tile carries."""
    return number_path(number) + ("" if width == TILE_WIDTH else f".p/{width}")


def parse_tile_path(path: str) -> tuple[int, int]:
    """Number and width of the tile that a path names; raises `EvidenceRefused`."""
    match = _NUMBER_PATH.fullmatch(path)
    if match is None:
        refuse("this is no tile path")
    number = int(match[1].replace("x", "").replace("/", ""))
    width = int(match[2]) if match[2] else TILE_WIDTH
    if tile_path(number, width) != path:
        refuse("the tile path is not in its one form")
    return number, width


def level_width(size: int, level: int) -> int:
    """How many hashes the level of a tree of that size holds in all its tiles."""
    return size >> (TILE_HEIGHT * level)


def width_of(size: int, address: TileAddress) -> int:
    """How many hashes that tile holds in a tree of that size: 0 where it does not exist."""
    return max(0, min(TILE_WIDTH, level_width(size, address.level) - address.number * TILE_WIDTH))


def tiles_of(size: int) -> list[tuple[TileAddress, int]]:
    """Every tile of a tree of that size with its width, lowest level first."""
    found = []
    for level in range(LEVELS_MAX):
        for number in range(-(-level_width(size, level) // TILE_WIDTH)):
            address = TileAddress(level, number)
            found.append((address, width_of(size, address)))
    return found


def right_edge(size: int) -> list[TileAddress]:
    """The partial tile of each level that has one; all that a tree needs in order to grow."""
    return [
        TileAddress(level, level_width(size, level) // TILE_WIDTH)
        for level in range(LEVELS_MAX)
        if level_width(size, level) % TILE_WIDTH
    ]


def tile_of(node: Node) -> tuple[TileAddress, int, int]:
    """The tile that holds a complete subtree, with the first and last-but-one row position."""
    level, above = divmod(node.height, TILE_HEIGHT)
    start = node.number << above
    first = start % TILE_WIDTH
    return TileAddress(level, start // TILE_WIDTH), first, first + (1 << above)


def row_hash(row: bytes) -> bytes:
    """The hash over a row of 2ᵏ concatenated hashes."""
    sha256 = hashlib.sha256
    while len(row) > HASH_BYTES:
        row = b"".join(
            [sha256(b"\x01" + row[at : at + 64]).digest() for at in range(0, len(row), 64)]
        )
    return row


def node_reader(load: TileLoader) -> NodeReader:
    """A reader of nodes over stored tiles; raises `KeyError` where a tile does not reach."""

    def read(nodes: Sequence[Node]) -> list[bytes]:
        places = [tile_of(node) for node in nodes]
        stored = load({address for address, _, _ in places})
        return [_node_in(stored[address], first, end) for address, first, end in places]

    return read


def _node_in(tile: bytes, first: int, end: int) -> bytes:
    row = tile[first * HASH_BYTES : end * HASH_BYTES]
    if len(row) != (end - first) * HASH_BYTES:
        msg = "the stored tile ends before this node"
        raise KeyError(msg)
    return row_hash(row)


def edge_root(edge: Mapping[int, bytes]) -> bytes:
    """The root of a tree from the partial tiles of its right edge, by level."""
    hashes: list[bytes] = []
    for level in sorted(edge, reverse=True):
        row, start = edge[level], 0
        width = len(row) // HASH_BYTES
        for height in range(TILE_HEIGHT - 1, -1, -1):
            if width >> height & 1:
                end = start + (HASH_BYTES << height)
                hashes.append(row_hash(row[start:end]))
                start = end
    return fold(hashes)


@dataclass(frozen=True)
class Growth:
    """What appending leaves did: the new size and root, and every tile that now reads otherwise."""

    size: int
    root: bytes
    tiles: dict[TileAddress, bytes]


def grow(edge: Mapping[int, bytes], size: int, leaves: Sequence[bytes]) -> Growth:
    """Append leaf hashes to a tree given by its size and the partial tiles of its right edge."""
    rows, tiles, fresh = dict(edge), {}, b"".join(leaves)
    for level in range(LEVELS_MAX):
        if not fresh:
            break
        number = level_width(size, level) // TILE_WIDTH
        row, above = rows.get(level, b"") + fresh, []
        tile_bytes = TILE_WIDTH * HASH_BYTES
        for at in range(0, len(row) - tile_bytes + 1, tile_bytes):
            tile = row[at : at + tile_bytes]
            tiles[TileAddress(level, number)] = tile
            above.append(row_hash(tile))
            number += 1
        rows[level] = row[len(above) * tile_bytes :]
        if rows[level]:
            tiles[TileAddress(level, number)] = rows[level]
        fresh = b"".join(above)
    return Growth(size + len(leaves), edge_root(rows), tiles)
