"""Tiles and paths: the tree rebuilt bundle by bundle equals the plain definition."""

import pytest
from counterfoil_verify.errors import Rejected
from counterfoil_verify.log.paths import TilePaths
from counterfoil_verify.log.tiles import TileTree, entries_name, split_entries, tile_name
from counterfoil_verify.merkle import EMPTY_ROOT, Head, check_consistency

from tests.vectors.primitives import consistency_path, hash_leaf, tree_hash

LEAVES = [hash_leaf(b"%d" % number) for number in range(1500)]
SIZES = [0, 1, 2, 3, 255, 256, 257, 511, 512, 1000, 1500]


def grow(size):
    tiles = {}

    def keep(level, index, data):
        tiles[tile_name(level, index, len(data) // 32)] = data

    tree = TileTree(keep)
    for start in range(0, size, 256):
        tree.add(LEAVES[start : min(start + 256, size)])
    return tree, tiles


class Tiles:
    is_remote = False

    def __init__(self, files):
        self.files = files

    def read(self, name, bytes_max):
        data = self.files.get(name)
        assert data is None or len(data) <= bytes_max
        return data


@pytest.mark.parametrize("size", SIZES)
def test_the_rebuilt_root_is_that_of_the_definition(size):
    tree, _ = grow(size)
    assert tree.finish() == tree_hash(LEAVES[:size])


@pytest.mark.parametrize("size", [1, 100, 300, 767])
def test_the_root_at_any_size_on_the_way_is_known(size):
    tree, _ = grow(size // 256 * 256)
    assert tree.root(LEAVES[size // 256 * 256 : size]) == tree_hash(LEAVES[:size])


def test_an_empty_tree_has_the_root_of_nothing():
    assert grow(0)[0].finish() == EMPTY_ROOT


def test_tiles_are_named_and_wide_as_the_specification_says():
    tree, tiles = grow(1500)
    tree.finish()
    full = [f"tile/0/{number:03d}" for number in range(5)]
    assert sorted(tiles) == sorted([*full, "tile/0/005.p/220", "tile/1/000.p/5"])
    assert tile_name(0, 1_234_067) == "tile/0/x001/x234/067"
    assert entries_name(70_000, 3) == "tile/entries/x070/000.p/3"


@pytest.mark.parametrize("first", [1, 2, 255, 256, 257, 700, 1024, 1499, 1500])
def test_consistency_is_proven_from_tiles_alone(first):
    tree, tiles = grow(1500)
    root = tree.finish()
    path = TilePaths(Tiles(tiles), 1500).consistency(first)
    assert path == consistency_path(first, LEAVES)
    check_consistency(Head(first, tree_hash(LEAVES[:first])), Head(1500, root), path)


def test_a_missing_tile_is_rejected_at_consistency():
    with pytest.raises(Rejected) as failure:
        TilePaths(Tiles({}), 1500).consistency(3)
    assert failure.value.step == "consistency"


@pytest.mark.parametrize(
    ("data", "width"),
    [(b"\x00\x01ab", 1), (b"\x00\x02a", 1), (b"\x00", 1), (b"", 1), (b"\x00\x01a", 2)],
)
def test_a_bundle_of_another_length_is_rejected(data, width):
    with pytest.raises(Rejected) as failure:
        split_entries(data, 0, width)
    assert failure.value.step == "entries"


def test_entries_are_split_at_their_lengths():
    assert split_entries(b"\x00\x01a\x00\x00\x01\x00" + b"x" * 256, 0, 3) == [b"a", b"", b"x" * 256]
