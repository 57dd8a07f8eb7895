"""The tree against the published vectors of RFC 6962's reference implementation."""

import pytest

from ledger.log.errors import EvidenceRefused
from ledger.log.tree.merkle import (
    EMPTY_ROOT,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
    root_from_inclusion,
    tree_hash,
)

# The eight entries and roots of certificate-transparency's merkletree tests.
ENTRIES = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    bytes.fromhex("5051525354555657"),
    bytes.fromhex("606162636465666768696a6b6c6d6e6f"),
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
PATH_OF_5_IN_8 = [
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]
PROOF_6_TO_8 = [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]


def unhex(hashes):
    return [bytes.fromhex(item) for item in hashes]


def test_the_empty_tree_is_the_hash_of_nothing():
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree_hash([]) == EMPTY_ROOT


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_the_reference(size):
    assert tree_hash(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_reference_path_of_the_sixth_leaf_is_accepted():
    check_inclusion(LEAVES[5], 5, 8, unhex(PATH_OF_5_IN_8), root=bytes.fromhex(ROOTS[7]))


def test_the_reference_proof_from_six_to_eight_is_accepted():
    check_consistency(
        6,
        8,
        unhex(PROOF_6_TO_8),
        first_root=bytes.fromhex(ROOTS[5]),
        second_root=bytes.fromhex(ROOTS[7]),
    )


def test_a_leaf_is_not_a_node():
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])


@pytest.mark.parametrize("index", [-1, 8, 2**63])
def test_an_index_outside_the_tree_is_refused(index):
    with pytest.raises(EvidenceRefused):
        root_from_inclusion(LEAVES[5], index, 8, unhex(PATH_OF_5_IN_8))


def test_a_tree_size_beyond_all_reason_is_refused_before_any_hashing():
    with pytest.raises(EvidenceRefused):
        root_from_inclusion(LEAVES[0], 0, 2**63, [])


@pytest.mark.parametrize("path", [PATH_OF_5_IN_8[:2], [*PATH_OF_5_IN_8, ROOTS[0]], []])
def test_a_path_of_the_wrong_length_is_refused(path):
    with pytest.raises(EvidenceRefused):
        root_from_inclusion(LEAVES[5], 5, 8, unhex(path))


def test_sizes_out_of_order_are_refused():
    with pytest.raises(EvidenceRefused):
        check_consistency(8, 6, [], first_root=LEAVES[0], second_root=LEAVES[0])


def test_two_heads_of_one_size_must_be_one_head():
    check_consistency(8, 8, [], first_root=LEAVES[0], second_root=LEAVES[0])
    with pytest.raises(EvidenceRefused):
        check_consistency(8, 8, [], first_root=LEAVES[0], second_root=LEAVES[1])


def test_every_tree_begins_with_the_empty_tree_and_only_that():
    check_consistency(0, 8, [], first_root=EMPTY_ROOT, second_root=bytes.fromhex(ROOTS[7]))
    with pytest.raises(EvidenceRefused):
        check_consistency(0, 8, [], first_root=LEAVES[0], second_root=bytes.fromhex(ROOTS[7]))
    with pytest.raises(EvidenceRefused):
        check_consistency(0, 8, [LEAVES[0]], first_root=EMPTY_ROOT, second_root=LEAVES[0])


def test_a_consistency_proof_of_the_wrong_length_is_refused():
    roots = {"first_root": bytes.fromhex(ROOTS[5]), "second_root": bytes.fromhex(ROOTS[7])}
    for proof in ([], unhex(PROOF_6_TO_8)[:2], [*unhex(PROOF_6_TO_8), LEAVES[0]]):
        with pytest.raises(EvidenceRefused):
            check_consistency(6, 8, proof, **roots)
