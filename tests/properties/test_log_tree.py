"""The tree over every small size and over random ones: provable, and only where it is."""

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.log.errors import EvidenceRefused
from ledger.log.tree.lanes import Lane, Waiting, arrange
from ledger.log.tree.merkle import (
    check_consistency,
    check_inclusion,
    leaf_hash,
    make_consistency_proof,
    make_inclusion_proof,
    root_at,
    tree_hash,
)
from ledger.log.tree.tiles import grow, node_reader, parse_tile_path, right_edge, tile_path

SIZE_MAX = 40


@functools.cache
def leaves(count):
    return [leaf_hash(f"leaf {n}".encode()) for n in range(count)]


@functools.cache
def reader(size):
    tiles = grow({}, 0, leaves(size)).tiles
    return node_reader(lambda _addresses: tiles)


@pytest.mark.parametrize("size", range(1, SIZE_MAX + 1))
def test_every_leaf_is_provable_at_its_place_and_at_no_other(size):
    root = tree_hash(leaves(size))
    for index in range(size):
        path = make_inclusion_proof(reader(size), index, size)
        check_inclusion(leaves(size)[index], index, size, path, root=root)
        for other in range(size):
            if other != index:
                with pytest.raises(EvidenceRefused):
                    check_inclusion(leaves(size)[index], other, size, path, root=root)


@pytest.mark.parametrize("second", range(1, SIZE_MAX + 1))
def test_consistency_holds_between_all_pairs_and_from_no_other_root(second):
    second_root = tree_hash(leaves(second))
    for first in range(1, second + 1):
        first_root = tree_hash(leaves(first))
        proof = make_consistency_proof(reader(second), first, second)
        check_consistency(first, second, proof, first_root=first_root, second_root=second_root)
        forged = leaf_hash(first_root)
        with pytest.raises(EvidenceRefused):
            check_consistency(first, second, proof, first_root=forged, second_root=second_root)
        with pytest.raises(EvidenceRefused):
            check_consistency(first, second, proof, first_root=first_root, second_root=forged)


@given(st.integers(1, 70_000), st.data())
def test_proofs_from_tiles_hold_at_any_size(size, data):
    first = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, size - 1))
    read = reader(70_000)
    root = root_at(read, size)
    check_inclusion(
        leaves(70_000)[index], index, size, make_inclusion_proof(read, index, size), root=root
    )
    check_consistency(
        first,
        size,
        make_consistency_proof(read, first, size),
        first_root=root_at(read, first),
        second_root=root,
    )


@given(st.integers(1, 70_000), st.data())
def test_a_changed_bit_in_a_path_is_found(size, data):
    index = data.draw(st.integers(0, size - 1))
    read = reader(70_000)
    path = make_inclusion_proof(read, index, size)
    if not path:
        return
    at = data.draw(st.integers(0, len(path) - 1))
    byte = data.draw(st.integers(0, 31))
    changed = bytearray(path[at])
    changed[byte] ^= 1 << data.draw(st.integers(0, 7))
    path[at] = bytes(changed)
    with pytest.raises(EvidenceRefused):
        check_inclusion(leaves(70_000)[index], index, size, path, root=root_at(read, size))


@given(st.lists(st.integers(0, 600), max_size=8))
def test_growing_in_any_steps_gives_the_same_tiles(steps):
    hashes, stored, edge, size = leaves(5_000), {}, {}, 0
    for step in steps:
        growth = grow(edge, size, hashes[size : size + step])
        stored.update(growth.tiles)
        size = growth.size
        edge = {a.level: stored[a] for a in right_edge(size)}
    assert stored == grow({}, 0, hashes[:size]).tiles


@given(st.integers(0, 10**12), st.integers(1, 256))
def test_tile_paths_lead_back(number, width):
    assert parse_tile_path(tile_path(number, width)) == (number, width)


@given(st.text(alphabet="x0123456789/.p", max_size=20))
def test_a_path_is_refused_or_is_the_one_form_of_its_tile(path):
    try:
        number, width = parse_tile_path(path)
    except EvidenceRefused:
        return
    assert tile_path(number, width) == path


LANES = [Lane("lic_a", 1), Lane("lic_a", 2), Lane("lic_b", 1)]


@given(st.permutations([(lane, n) for lane in LANES for n in range(6)]), st.data())
def test_lanes_are_gapless_and_complete_whatever_the_order_of_arrival(places, data):
    missing = data.draw(st.sampled_from(places))
    line = [Waiting(k, b"", lane, n) for k, (lane, n) in enumerate(places) if (lane, n) != missing]
    arranged = arrange(line, {})
    for lane in LANES:
        numbers = [entry.n for entry in arranged.ordered if entry.lane == lane]
        reach = missing[1] if lane == missing[0] else 6
        assert numbers == list(range(reach))
        held = [entry.n for entry in arranged.held if entry.lane == lane]
        assert sorted(held) == list(range(reach + 1, 6))


@given(st.permutations([(lane, n) for lane in LANES for n in range(4)]), st.integers(1, 12))
def test_lanes_stay_whole_over_batches_of_any_size(places, batch):
    line = [Waiting(k, b"", lane, n) for k, (lane, n) in enumerate(places)]
    ends, done, held = {}, [], []
    for at in range(0, len(line), batch):
        arranged = arrange([*held, *line[at : at + batch]], ends)
        held = arranged.held
        ends.update({lane: n for lane, (n, _) in arranged.ends.items()})
        done += [(entry.lane, entry.n) for entry in arranged.ordered]
    assert sorted(done) == sorted(places)
    assert all(
        done.index((lane, n)) < done.index((lane, n + 1)) for lane in LANES for n in range(3)
    )
