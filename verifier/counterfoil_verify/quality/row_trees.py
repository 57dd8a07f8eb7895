"""The tree over rows (RFC 6962), grown row by row: its root, and the paths of rows named before."""

from collections.abc import Collection
from typing import NamedTuple

from counterfoil_verify.merkle import leaf_hash, node_hash


class Grown(NamedTuple):
    """A whole tree: its root, its size, and the path of each wanted row, its sibling first."""

    root: bytes
    size: int
    paths: dict[int, list[bytes]]


class RowTree:
    """A tree of which only the right edge is kept, however many rows there are."""

    def __init__(self, wanted: Collection[int] = ()) -> None:
        self.size = 0
        self._paths: dict[int, list[bytes]] = {index: [] for index in wanted}
        self._edge: list[tuple[bytes, list[int]]] = []
        """Perfect trees, widest first, with the wanted rows under each."""

    def add(self, entry: bytes) -> None:
        """The next row."""
        node = leaf_hash(entry), [self.size] if self.size in self._paths else []
        self.size += 1
        width = self.size
        while not width & 1:
            node = self._join(self._edge.pop(), node)
            width >>= 1
        self._edge.append(node)

    def _join(
        self, left: tuple[bytes, list[int]], right: tuple[bytes, list[int]]
    ) -> tuple[bytes, list[int]]:
        for index in left[1]:
            self._paths[index].append(right[0])
        for index in right[1]:
            self._paths[index].append(left[0])
        return node_hash(left[0], right[0]), left[1] + right[1]

    def finish(self) -> Grown:
        """The tree over at least one row; nothing can be added any more."""
        while len(self._edge) > 1:
            right, left = self._edge.pop(), self._edge.pop()
            self._edge.append(self._join(left, right))
        return Grown(self._edge[0][0], self.size, self._paths)
