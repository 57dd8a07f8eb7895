"""The tree of RFC 6962 and 9162: hashes, paths and their checks, over nodes stored elsewhere."""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ledger.log.errors import refuse

HASH_BYTES = 32
TREE_SIZE_MAX = 2**62
"""No proof from outside is followed beyond this size; it bounds every loop below to 62 rounds."""
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Node(NamedTuple):
    """The complete subtree over leaves ``[number * 2**height, (number + 1) * 2**height)``."""

    height: int
    number: int


class Span(NamedTuple):
    """Leaves from ``start`` up to, not including, ``end``."""

    start: int
    end: int


NodeReader = Callable[[Sequence[Node]], Sequence[bytes]]
"""Gives the hashes of complete subtrees, in the order asked."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry) (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right) (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def subtrees(span: Span) -> list[Node]:
    """The complete subtrees, left to right, whose fold is the hash of a span of a path.

    The start of such a span is a multiple of the next power of two above its length.
    """
    nodes, start, length = [], span.start, span.end - span.start
    for height in range(length.bit_length() - 1, -1, -1):
        if length >> height & 1:
            nodes.append(Node(height, start >> height))
            start += 1 << height
    return nodes


def fold(hashes: Sequence[bytes]) -> bytes:
    """The tree hash over the hashes of a span's subtrees, joined from the right."""
    if not hashes:
        return EMPTY_ROOT
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """MTH over leaf hashes, by the definition of RFC 6962 section 2.1."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    half = _split(len(leaves))
    return node_hash(tree_hash(leaves[:half]), tree_hash(leaves[half:]))


def _split(size: int) -> int:
    """The largest power of two below ``size`` (``size`` > 1)."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The siblings on the way from a leaf to the root (RFC 6962 section 2.1.1)."""
    start, end, spans = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(first: int, second: int) -> list[Span]:
    """The subtrees that show the first tree to be a beginning of the second (section 2.1.2)."""
    start, end, spans = 0, second, []
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start = middle
    if start:  # the first tree itself is known to whoever checks; only a part of it is sent
        spans.append(Span(start, end))
    return spans[::-1]


def _read_spans(read: NodeReader, spans: Sequence[Span]) -> list[bytes]:
    parts = [subtrees(span) for span in spans]
    hashes = iter(read([node for part in parts for node in part]))
    return [fold([next(hashes) for _ in part]) for part in parts]


def root_at(read: NodeReader, size: int) -> bytes:
    """The root of the first ``size`` leaves."""
    return _read_spans(read, [Span(0, size)])[0] if size else EMPTY_ROOT


def make_inclusion_proof(read: NodeReader, index: int, size: int) -> list[bytes]:
    """The path of leaf ``index`` in the tree of ``size`` leaves, leaf's sibling first."""
    return _read_spans(read, inclusion_spans(index, size))


def make_consistency_proof(read: NodeReader, first: int, second: int) -> list[bytes]:
    """The proof that the tree of ``second`` leaves begins with the tree of ``first``."""
    return _read_spans(read, consistency_spans(first, second)) if first else []


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that a path leads to (RFC 9162 section 2.1.3.2); raises `EvidenceRefused`."""
    if not 0 <= index < size <= TREE_SIZE_MAX:
        refuse("the index is not inside the tree")
    # Up to where the ways of this leaf and of the last one part, siblings stand on either side;
    # above it, every sibling is to the left.
    inner = (index ^ (size - 1)).bit_length()
    if len(path) != inner + (index >> inner).bit_count():
        refuse("the path has the wrong length")
    result = leaf
    for height, sibling in enumerate(path):
        is_right = height >= inner or index >> height & 1
        result = node_hash(sibling, result) if is_right else node_hash(result, sibling)
    return result


def check_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], *, root: bytes
) -> None:
    """Raise `EvidenceRefused` unless the leaf stands at that index under that root."""
    if root_from_inclusion(leaf, index, size, path) != root:
        refuse("the path leads to another root")


def check_consistency(
    first: int, second: int, proof: Sequence[bytes], *, first_root: bytes, second_root: bytes
) -> None:
    """Raise `EvidenceRefused` unless the second tree begins with the first (RFC 9162, 2.1.4.2)."""
    if not 0 <= first <= second <= TREE_SIZE_MAX:
        refuse("the sizes are out of order")
    if first in {0, second}:
        _check_without_hashes(first, proof, first_root=first_root, second_root=second_root)
        return
    spans = consistency_spans(first, second)
    if len(proof) != len(spans):
        refuse("the proof has the wrong length")
    if _both_roots(first, spans, proof, first_root) != (first_root, second_root):
        refuse("the proof leads to another root")


def _check_without_hashes(
    first: int, proof: Sequence[bytes], *, first_root: bytes, second_root: bytes
) -> None:
    if proof:
        refuse("the proof has the wrong length")
    if first_root != (second_root if first else EMPTY_ROOT):
        refuse("the proof leads to another root")


def _both_roots(
    first: int, spans: Sequence[Span], proof: Sequence[bytes], first_root: bytes
) -> tuple[bytes, bytes]:
    pairs = list(zip(spans, proof, strict=True))
    if pairs[0][0].end == first:
        older = newer = pairs.pop(0)[1]
    else:
        older = newer = first_root  # the first tree is a complete subtree of the second
    for span, sibling in pairs:
        if span.end <= first:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
        else:
            newer = node_hash(newer, sibling)
    return older, newer
