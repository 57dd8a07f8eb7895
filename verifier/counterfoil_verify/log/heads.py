"""Every head that a piece of evidence names: two roots for one size are a fork."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from operator import itemgetter

from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.keys import Keyring
from counterfoil_verify.merkle import Head, check_consistency
from counterfoil_verify.notes import Checkpoint, open_checkpoint

FORK = "fork"


class HeadBook:
    """Opens checkpoints once each and remembers which root each size of each shard has."""

    def __init__(self, keyring: Keyring, origin: str) -> None:
        self.keyring = keyring
        self._origin = origin
        self._opened: dict[bytes, Checkpoint] = {}
        """By the notes' digests: a bundle may carry more notes than there is memory."""
        self._roots: dict[tuple[str, int], bytes] = {}
        self._links: set[tuple[int, int]] = set()

    def __iter__(self) -> Iterator[tuple[str, Head]]:
        for (origin, tree_size), root_hash in self._roots.items():
            yield origin, Head(tree_size, root_hash)

    @property
    def sizes(self) -> Mapping[str, Iterable[int]]:
        """The tree sizes named so far, by their shard."""
        found: dict[str, list[int]] = {}
        for origin, size in self._roots:
            found.setdefault(origin, []).append(size)
        return found

    def untied(self, known: AbstractSet[tuple[str, int]]) -> int:
        """How many heads no proof ties to those known: they may be of another history.

        What extends a known head is tied to it, and what either begins with.
        """
        tied = {size for origin, size in known if origin == self._origin}
        for first, second in sorted(self._links):
            if first in tied:
                tied.add(second)
        for first, second in sorted(self._links, key=itemgetter(1), reverse=True):
            if second in tied:
                tied.add(first)
        own = {(self._origin, size) for size in tied}
        return sum(place not in known and place not in own for place in self._roots)

    def open(self, data: bytes) -> Checkpoint:
        """A verified checkpoint; Rejected as a fork when another root is known for its size."""
        digest = hashlib.sha256(data).digest()
        found = self._opened.get(digest)
        if found is None:
            found = self._opened[digest] = open_checkpoint(data, self.keyring)
            self.note(found.head, found.origin)
        return found

    def note(self, head: Head, origin: str = "") -> None:
        """Remember a head, of the log's own shard unless another one is named."""
        known = self._roots.setdefault((origin or self._origin, head.tree_size), head.root_hash)
        require(known == head.root_hash, FORK, f"two root hashes for size {head.tree_size}")

    def link(self, first_size: int, second_size: int, path: list[bytes]) -> None:
        """Check a consistency proof between two sizes named before."""
        first, second = (
            self._roots.get((self._origin, size)) for size in (first_size, second_size)
        )
        if first is None or second is None:
            raise Rejected(FORK, f"a proof from {first_size} to {second_size}, sizes of no head")
        check_consistency(Head(first_size, first), Head(second_size, second), path)
        self._links.add((first_size, second_size))
