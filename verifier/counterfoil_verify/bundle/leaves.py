"""Leaves that a bundle shows by themselves: each is the one that its name says."""

from counterfoil_verify.container import Container
from counterfoil_verify.errors import Rejected, require
from counterfoil_verify.leaves import LEAF_BYTES_MAX, Leaf, parse_leaf

FOLDER = "leaves/"
STEP = "inclusion"


def read_leaves(container: Container) -> dict[bytes, Leaf]:
    """The leaves by their hashes; Rejected where one stands under the name of another."""
    leaves = {}
    for name in container.below(FOLDER):
        try:
            leaf = parse_leaf(container.read(name, LEAF_BYTES_MAX))
        except Rejected as error:
            raise error.within(STEP, name) from error
        is_named = name == f"{FOLDER}{leaf.hash.hex()}.json"
        require(is_named, STEP, f"{name} holds the leaf {leaf.hash.hex()}")
        leaves[leaf.hash] = leaf
    return leaves
