"""RFC 6962 section 2.1 by its own recursive definition, for comparison with every other form.

Leaf hashes come from a function of the index, and whole subtrees of equal leaves are remembered by
their size, so that trees of a million equal leaves cost nothing.
"""

import functools
import hashlib

from typing_extensions import override


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(size):
    return 1 << ((size - 1).bit_length() - 1)


class ReferenceTree:
    """A tree over explicit leaf hashes."""

    def __init__(self, leaves):
        self._leaves = leaves
        self._known = {}

    def root(self, size):
        return self._root(0, size)

    def _root(self, start, end):
        if (start, end) not in self._known:
            self._known[start, end] = self._root_of(start, end)
        return self._known[start, end]

    def _root_of(self, start, end):
        if end - start == 1:
            return self._leaves[start]
        middle = start + split(end - start)
        return node(self._root(start, middle), self._root(middle, end))

    def consistency(self, old, new):
        return self._subproof(old, 0, new, is_known=True)

    def _subproof(self, old, start, end, *, is_known):
        if old == end - start:
            return [] if is_known else [self._root(start, end)]
        half = split(end - start)
        if old <= half:
            inner = self._subproof(old, start, start + half, is_known=is_known)
            return [*inner, self._root(start + half, end)]
        inner = self._subproof(old - half, start + half, end, is_known=False)
        return [*inner, self._root(start, start + half)]

    def inclusion(self, index, size):
        return self._path(index, 0, size)

    def _path(self, index, start, end):
        if end - start == 1:
            return []
        middle = start + split(end - start)
        if index < middle:
            return [*self._path(index, start, middle), self._root(middle, end)]
        return [*self._path(index, middle, end), self._root(start, middle)]


class UniformTree(ReferenceTree):
    """A tree whose leaves are all the same: roots depend on sizes only."""

    def __init__(self):
        super().__init__(())

    @override
    def _root(self, start, end):
        return self._of_size(end - start)

    @functools.cache  # noqa: B019 -- lives as long as its one test
    def _of_size(self, size):
        if size == 1:
            return hashlib.sha256(b"\x00").digest()
        return node(self._of_size(split(size)), self._of_size(size - split(size)))


def numbered_tree(size):
    return ReferenceTree([hashlib.sha256(b"\x00" + str(n).encode()).digest() for n in range(size)])
