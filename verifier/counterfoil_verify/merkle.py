"""The Merkle tree of RFC 6962 and RFC 9162: leaf and node hashes, inclusion, consistency."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from counterfoil_verify.errors import require
from counterfoil_verify.fields import HASH_SIZE

INCLUSION = "inclusion"
CONSISTENCY = "consistency"
EMPTY_ROOT = hashlib.sha256(b"").digest()


class Head(NamedTuple):
    """What a checkpoint says of a tree: how many leaves, and the root over them."""

    tree_size: int
    root_hash: bytes


def leaf_hash(entry: bytes) -> bytes:
    """RFC 6962, section 2.1: SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962, section 2.1: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _require_hashes(hashes: Sequence[bytes], step: str) -> None:
    require(all(len(value) == HASH_SIZE for value in hashes), step, "a hash is not 32 bytes")


def root_from_path(leaf: bytes, index: int, tree_size: int, path: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to; RFC 9162, section 2.1.3.2."""
    require(0 <= index < tree_size, INCLUSION, f"index {index} is outside a tree of {tree_size}")
    _require_hashes(path, INCLUSION)
    place, last, root = index, tree_size - 1, leaf
    for sibling in path:
        require(last, INCLUSION, "the path is too long")
        if place & 1 or place == last:
            root = node_hash(sibling, root)
            place, last = _climb_right_edge(place, last)
        else:
            root = node_hash(root, sibling)
        place, last = place >> 1, last >> 1
    require(last == 0, INCLUSION, "the path is too short")
    return root


def _climb_right_edge(place: int, last: int) -> tuple[int, int]:
    """Skip the levels at which a node on the tree's right edge has no sibling."""
    while not place & 1 and place:
        place, last = place >> 1, last >> 1
    return place, last


def check_inclusion(leaf: bytes, index: int, path: Sequence[bytes], head: Head) -> None:
    """Reject a leaf that the path does not lead from to the head's root."""
    reached = root_from_path(leaf, index, head.tree_size, path)
    message = f"the path of leaf {index} does not lead to the root hash"
    require(reached == head.root_hash, INCLUSION, message)


def check_consistency(first: Head, second: Head, path: Sequence[bytes]) -> None:
    """Reject a later tree that does not extend the earlier one; RFC 9162, section 2.1.4.2."""
    require(0 <= first.tree_size <= second.tree_size, CONSISTENCY, "the later tree is smaller")
    _require_hashes([first.root_hash, second.root_hash, *path], CONSISTENCY)
    if first.tree_size in {0, second.tree_size}:
        _check_trivial(first, second, path)
        return
    reached = _roots_from_consistency(first, second.tree_size, path)
    message = "the trees of sizes {} and {} do not share their beginning"
    require(
        reached == (first.root_hash, second.root_hash),
        CONSISTENCY,
        message.format(first.tree_size, second.tree_size),
    )


def _check_trivial(first: Head, second: Head, path: Sequence[bytes]) -> None:
    require(not path, CONSISTENCY, "a path where none is needed")
    if first.tree_size == 0:
        require(first.root_hash == EMPTY_ROOT, CONSISTENCY, "a root hash for no leaves")
    if first.tree_size == second.tree_size:
        message = f"two root hashes for size {first.tree_size}"
        require(first.root_hash == second.root_hash, CONSISTENCY, message)


def _roots_from_consistency(
    first: Head, second_size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    nodes = list(path)
    if first.tree_size & (first.tree_size - 1) == 0:
        nodes.insert(0, first.root_hash)
    require(nodes, CONSISTENCY, "the path is empty")
    place, last = first.tree_size - 1, second_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = nodes[0]
    for node in nodes[1:]:
        require(last, CONSISTENCY, "the path is too long")
        if place & 1 or place == last:
            old, new = node_hash(node, old), node_hash(node, new)
            place, last = _climb_right_edge(place, last)
        else:
            new = node_hash(new, node)
        place, last = place >> 1, last >> 1
    require(last == 0, CONSISTENCY, "the path is too short")
    return old, new
