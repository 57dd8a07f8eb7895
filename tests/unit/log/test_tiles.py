"""Tile paths and shapes, by the examples of the C2SP specification."""

import pytest

from ledger.log.errors import EvidenceRefused
from ledger.log.tree.merkle import Node, leaf_hash, tree_hash
from ledger.log.tree.tiles import (
    TileAddress,
    edge_root,
    grow,
    node_reader,
    number_path,
    parse_tile_path,
    right_edge,
    tile_of,
    tile_path,
    tiles_of,
    width_of,
)


def leaves(count):
    return [leaf_hash(str(n).encode()) for n in range(count)]


def test_the_number_of_the_specification_is_written_as_there():
    assert number_path(1234067) == "x001/x234/067"
    assert number_path(0) == "000"
    assert tile_path(67, 12) == "067.p/12"
    assert tile_path(67, 256) == "067"


@pytest.mark.parametrize("number", [0, 7, 999, 1000, 1234067, 999_999_999])
@pytest.mark.parametrize("width", [1, 255, 256])
def test_a_path_leads_back_to_its_tile(number, width):
    assert parse_tile_path(tile_path(number, width)) == (number, width)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "67",
        "0067",
        "x000/067",
        "001/067",
        "x001/x067",
        "067.p/0",
        "067.p/256",
        "067.p/012",
        "067.p/",
        "067/",
        "067.p/1/",
        "../067",
        "067\n",
        "٠٦٧",
        "x001/" * 8 + "000",
    ],
)
def test_any_other_path_is_refused(path):
    with pytest.raises(EvidenceRefused):
        parse_tile_path(path)


def test_seventy_thousand_leaves_make_the_tiles_of_the_specification():
    tiles = tiles_of(70_000)
    assert sum(a.level == 0 and width == 256 for a, width in tiles) == 273
    partial = {(a.level, a.number): width for a, width in tiles if width < 256}
    assert partial == {(0, 273): 112, (1, 1): 17, (2, 0): 1}
    assert [tuple(a) for a in right_edge(70_000)] == [(0, 273), (1, 1), (2, 0)]


def test_256_leaves_make_a_full_tile_and_one_hash_above():
    assert tiles_of(256) == [(TileAddress(0, 0), 256), (TileAddress(1, 0), 1)]
    assert width_of(256, TileAddress(0, 1)) == 0


def test_a_tree_grown_in_steps_is_the_tree_grown_at_once():
    hashes, stored, size = leaves(1_000), {}, 0
    edge: dict[int, bytes] = {}
    for step in (1, 254, 1, 1, 300, 443):
        growth = grow(edge, size, hashes[size : size + step])
        stored.update(growth.tiles)
        size = growth.size
        edge = {a.level: stored[a] for a in right_edge(size)}
        assert growth.root == tree_hash(hashes[:size]) == edge_root(edge)
    assert stored == grow({}, 0, hashes).tiles


def test_appending_nothing_changes_nothing():
    assert grow({}, 0, []).tiles == {}
    assert grow({}, 0, []).root == tree_hash([])


def test_a_node_inside_a_tile_is_hashed_from_its_row():
    hashes = leaves(300)
    tiles = grow({}, 0, hashes).tiles
    read = node_reader(lambda _addresses: tiles)
    assert read([Node(3, 2), Node(8, 0)]) == [tree_hash(hashes[16:24]), tree_hash(hashes[:256])]
    assert tile_of(Node(9, 1)) == (TileAddress(1, 0), 2, 4)


def test_a_node_beyond_the_stored_row_is_missed_loudly():
    tiles = grow({}, 0, leaves(10)).tiles
    with pytest.raises(KeyError):
        node_reader(lambda _addresses: tiles)([Node(3, 1)])
