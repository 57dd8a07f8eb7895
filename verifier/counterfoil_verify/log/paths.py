"""Consistency proofs made from the log's public hash tiles, without any entry."""

from counterfoil_verify.errors import Rejected
from counterfoil_verify.fields import HASH_SIZE
from counterfoil_verify.log.tiles import TILE_WIDTH, Source, perfect_root, read_tile
from counterfoil_verify.merkle import CONSISTENCY, node_hash

TILE_HEIGHT = 8


class TilePaths:
    """Paths in the tree of one size; nothing read here is trusted before a root confirms it."""

    def __init__(self, source: Source, tree_size: int) -> None:
        self._source = source
        self._tree_size = tree_size
        self._tiles: dict[tuple[int, int], bytes] = {}

    def consistency(self, first_size: int) -> list[bytes]:
        """The proof from an earlier size to this one; RFC 9162, section 2.1.4.1."""
        if not first_size:
            return []
        return self._subproof(first_size, 0, self._tree_size, is_whole=True)

    def _subproof(self, size: int, start: int, end: int, *, is_whole: bool) -> list[bytes]:
        if size == end - start:
            return [] if is_whole else [self._root(start, end)]
        middle = start + _largest_power_below(end - start)
        if size <= middle - start:
            left = self._subproof(size, start, middle, is_whole=is_whole)
            return [*left, self._root(middle, end)]
        right = self._subproof(size - (middle - start), middle, end, is_whole=False)
        return [*right, self._root(start, middle)]

    def _root(self, start: int, end: int) -> bytes:
        width = end - start
        if width & (width - 1) == 0:
            return self._node(width.bit_length() - 1, start // width)
        middle = start + _largest_power_below(width)
        return node_hash(self._root(start, middle), self._root(middle, end))

    def _node(self, height: int, place: int) -> bytes:
        """The hash of a perfect subtree, from the tile whose hashes it spans."""
        level, above = divmod(height, TILE_HEIGHT)
        index, offset = divmod(place << above, TILE_WIDTH)
        tile = self._tile(level, index)
        ends = range(offset * HASH_SIZE, (offset + (1 << above)) * HASH_SIZE, HASH_SIZE)
        return perfect_root([tile[at : at + HASH_SIZE] for at in ends])

    def _tile(self, level: int, index: int) -> bytes:
        found = self._tiles.get((level, index))
        if found is None:
            width = min(TILE_WIDTH, (self._tree_size >> TILE_HEIGHT * level) - index * TILE_WIDTH)
            found = read_tile(self._source, level, index, width)
            if found is None or len(found) != width * HASH_SIZE:
                raise Rejected(CONSISTENCY, f"tile {level}/{index} is missing or cut short")
            self._tiles[level, index] = found
        return found


def _largest_power_below(number: int) -> int:
    return 1 << (number - 1).bit_length() - 1
