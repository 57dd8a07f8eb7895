"""The log's static files: C2SP tlog-tiles paths, entry bundles, tiles rebuilt from leaf hashes."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Protocol

from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.fields import HASH_SIZE
from counterfoil_verify.leaves import LEAF_BYTES_MAX
from counterfoil_verify.merkle import EMPTY_ROOT, node_hash

ENTRIES = "entries"
TILES = "tiles"
TILE_WIDTH = 256
TILE_BYTES_MAX = TILE_WIDTH * HASH_SIZE
BUNDLE_BYTES_MAX = TILE_WIDTH * (2 + LEAF_BYTES_MAX)


class Source(Protocol):
    """Where a log's files are read from: its address, a folder, an evidence bundle."""

    def read(self, name: str, bytes_max: int) -> bytes | None:
        """The file, or None where there is none; NotChecked when the place cannot be reached."""
        ...

    def shard(self, name: str) -> "Source":
        """The files of another shard of the same log, by its folder; it is closed with this."""
        ...

    def close(self) -> None:
        """Let go of what reading took."""
        ...

    @property
    def is_remote(self) -> bool:
        """Whether reading ahead saves waiting."""
        ...


def _place(index: int) -> str:
    parts = [f"{index % 1000:03d}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03d}")
    return "/".join(parts)


def _name(folder: str, index: int, width: int) -> str:
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"{folder}/{_place(index)}{suffix}"


def tile_name(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """The path of a hash tile below the log's prefix."""
    return _name(f"tile/{level}", index, width)


def entries_name(index: int, width: int = TILE_WIDTH) -> str:
    """The path of an entry bundle below the log's prefix."""
    return _name("tile/entries", index, width)


def read_entries(source: Source, index: int, width: int) -> list[bytes]:
    """The `width` first entries of a bundle; the full bundle serves where the partial is gone."""
    data = source.read(entries_name(index, width), BUNDLE_BYTES_MAX)
    if data is not None:
        return split_entries(data, index, width)
    if width < TILE_WIDTH:
        data = source.read(entries_name(index), BUNDLE_BYTES_MAX)
    if data is None:
        raise Rejected(ENTRIES, f"{entries_name(index, width)} is missing")
    return split_entries(data, index, TILE_WIDTH)[:width]


def split_entries(data: bytes, index: int, width: int) -> list[bytes]:
    """The entries of a bundle: each behind its length in two big-endian bytes, and no more."""
    entries, at, size = [], 0, len(data)
    for _ in range(width):
        start = at + 2
        if start > size:
            raise Rejected(ENTRIES, f"entry bundle {index} is cut short")
        at = start + (data[at] << 8) + data[at + 1]
        entries.append(data[start:at])
    require(at == size, ENTRIES, f"entry bundle {index} has another length than its entries")
    return entries


def read_tile(source: Source, level: int, index: int, width: int) -> bytes | None:
    """The first `width` hashes of a tile, or None when neither form of it is served."""
    data = source.read(tile_name(level, index, width), TILE_BYTES_MAX)
    if data is not None or width == TILE_WIDTH:
        return data
    data = source.read(tile_name(level, index), TILE_BYTES_MAX)
    return None if data is None else data[: width * HASH_SIZE]


def _halve(hashes: Sequence[bytes]) -> list[bytes]:
    pairs = zip(hashes[::2], hashes[1::2], strict=True)
    return [sha256(b"\x01" + left + right).digest() for left, right in pairs]


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes."""
    while len(hashes) > 1:
        hashes = _halve(hashes)
    return hashes[0]


def _peaks(hashes: Sequence[bytes]) -> Iterator[bytes]:
    """The roots of the perfect trees that fewer than 256 hashes decompose into, widest first."""
    start = 0
    for bit in range(8, -1, -1):
        width = 1 << bit
        if len(hashes) & width:
            yield perfect_root(hashes[start : start + width])
            start += width


TileCheck = Callable[[int, int, bytes], None]


class TileTree:
    """A tree grown bundle by bundle: every tile is handed to a check as soon as it is known."""

    def __init__(self, check: TileCheck) -> None:
        self.tree_size = 0
        self._check = check
        self._levels: list[list[bytes]] = [[]]

    def add(self, hashes: list[bytes]) -> None:
        """The leaf hashes of the next bundle; only the last bundle may hold fewer than 256."""
        assert not self._levels[0], "nothing follows a partial bundle"
        self.tree_size += len(hashes)
        if len(hashes) < TILE_WIDTH:
            self._levels[0] = hashes
        else:
            self._complete(0, hashes)

    def _complete(self, level: int, hashes: list[bytes]) -> None:
        index = (self.tree_size - 1) // TILE_WIDTH ** (level + 1)
        self._check(level, index, b"".join(hashes))
        if level + 1 == len(self._levels):
            self._levels.append([])
        above = self._levels[level + 1]
        above.append(perfect_root(hashes))
        if len(above) == TILE_WIDTH:
            self._levels[level + 1] = []
            self._complete(level + 1, above)

    def finish(self) -> bytes:
        """Check the partial tiles and return the root hash."""
        for level, hashes in enumerate(self._levels):
            if hashes:
                index = self.tree_size // TILE_WIDTH ** (level + 1)
                self._check(level, index, b"".join(hashes))
        return self.root()

    def root(self, tail: Sequence[bytes] = ()) -> bytes:
        """The root hash with up to 255 further leaf hashes behind the leaves added so far."""
        levels = [[*self._levels[0], *tail], *self._levels[1:]]
        peaks = [peak for hashes in reversed(levels) for peak in _peaks(hashes)]
        if not peaks:
            return EMPTY_ROOT
        root = peaks.pop()
        while peaks:
            root = node_hash(peaks.pop(), root)
        return root
