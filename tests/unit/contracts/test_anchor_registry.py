"""The anchor registry refuses every head that does not extend the last one."""

import hashlib

import pytest
from eth.exceptions import Revert

from contracts.accounts import address_of
from tests.unit.contracts.embedded import KEYS, STRANGER, ZERO, Deployed
from tests.unit.contracts.reference_tree import UniformTree, numbered_tree

TREE = numbered_tree(64)
ADMINISTRATOR, ANCHORER, _ = KEYS.addresses
ANCHOR_GAS_MAX = 75_000


@pytest.fixture
def registry(chain):
    return Deployed(chain, "anchor_registry", ADMINISTRATOR, ANCHORER, ZERO)


def anchor(registry, size, old=0, *, tree=TREE, key=KEYS.anchorer, root=None, proof=None):
    if proof is None:
        proof = tree.consistency(old, size) if old else []
    return registry.send(key, "anchor", size, root or tree.root(size), proof)["status"] == "0x1"


def test_the_first_head_needs_no_proof(registry):
    assert anchor(registry, 7)
    assert registry.read("head")[:2] == (7, TREE.root(7))


def test_an_extension_with_its_proof_is_accepted_and_announced(registry):
    anchor(registry, 7)
    receipt = registry.send(KEYS.anchorer, "anchor", 20, TREE.root(20), TREE.consistency(7, 20))
    (log,) = receipt["logs"]
    assert log["topics"][1:] == [f"0x{20:064x}", "0x" + TREE.root(20).hex()]
    assert int(log["data"], 16) == registry.read("head")[2]


def test_the_same_head_again_succeeds_silently(registry):
    anchor(registry, 7)
    receipt = registry.send(KEYS.anchorer, "anchor", 7, TREE.root(7), [])
    assert receipt["status"] == "0x1"
    assert receipt["logs"] == []


def test_a_smaller_head_is_refused(registry):
    anchor(registry, 7)
    assert not anchor(registry, 6, proof=[])
    assert registry.read("head")[0] == 7


def test_another_root_at_the_same_size_is_refused(registry):
    anchor(registry, 7)
    assert not anchor(registry, 7, root=TREE.root(8), proof=[])


def test_an_empty_tree_is_refused(registry):
    assert not anchor(registry, 0, root=TREE.root(1), proof=[])


def test_a_fork_is_refused_although_its_own_proof_is_right(registry):
    fork = numbered_tree(40)
    fork._leaves[3] = hashlib.sha256(b"another history").digest()
    anchor(registry, 10)
    assert not anchor(registry, 30, 10, tree=fork)


def test_only_the_anchorer_may_anchor(registry):
    assert not anchor(registry, 7, key=KEYS.administrator)
    assert not anchor(registry, 7, key=bytes(STRANGER.key))


def test_every_pair_of_sizes_is_accepted_and_every_forgery_refused(registry):
    pairs = [(old, new) for old in range(1, 20) for new in range(old + 1, 40)]
    assert len(pairs) >= 500
    for old, new in pairs:
        proof = TREE.consistency(old, new)
        heads = (old, TREE.root(old), new)
        assert registry.read("consistency", *heads, TREE.root(new), proof) == (True,)
        assert registry.read("consistency", *heads, TREE.root(new + 1), proof) == (False,)
        assert registry.read("consistency", *heads, TREE.root(new), _bent(proof)) == (False,)


def _bent(proof):
    return [*proof[:-1], bytes([proof[-1][0] ^ 1]) + proof[-1][1:]]


@pytest.mark.parametrize(("old", "new"), [(1, 2), (4, 8), (6, 7), (7, 13), (16, 33), (21, 40)])
def test_a_proof_of_another_length_is_refused(registry, old, new):
    proof = TREE.consistency(old, new)
    heads = (old, TREE.root(old), new, TREE.root(new))
    assert registry.read("consistency", *heads, [*proof, proof[-1]]) == (False,)
    assert registry.read("consistency", *heads, proof[:-1]) == (False,)
    assert registry.read("consistency", *heads, []) == (False,)


def test_sizes_out_of_order_are_never_consistent(registry):
    for old, new in ((0, 5), (5, 5), (6, 5)):
        heads = (old, TREE.root(max(old, 1)), new, TREE.root(new))
        assert registry.read("consistency", *heads, []) == (False,)


def test_inclusion_holds_for_every_leaf_and_for_no_other_place(registry):
    anchor(registry, 21)
    for index in range(21):
        leaf, path = TREE._leaves[index], TREE.inclusion(index, 21)
        assert registry.read("inclusion", leaf, index, path) == (True,)
        assert registry.read("inclusion", leaf, (index + 1) % 21, path) == (False,)
        assert registry.read("inclusion", TREE._leaves[index + 1], index, path) == (False,)
    assert registry.read("inclusion", TREE._leaves[0], 21, []) == (False,)


def test_nothing_is_included_before_the_first_head(registry):
    assert registry.read("inclusion", TREE._leaves[0], 0, []) == (False,)


def test_an_anchor_stays_under_its_gas_bound_up_to_a_million_leaves(registry):
    tree, old, spent = UniformTree(), 599_999, []
    registry.gas(KEYS.anchorer, "anchor", old, tree.root(old), [])
    for new in (600_001, 655_359, 699_051, 786_431, 899_999, 999_999, 1_000_000):
        proof = tree.consistency(old, new)
        spent.append(registry.gas(KEYS.anchorer, "anchor", new, tree.root(new), proof))
        old = new
    assert max(spent) <= ANCHOR_GAS_MAX, spent


def test_the_first_anchor_stays_under_the_bound_too(registry):
    assert registry.gas(KEYS.anchorer, "anchor", 5, TREE.root(5), []) <= ANCHOR_GAS_MAX


def test_a_successor_begins_with_exactly_the_head_of_its_predecessor(chain, registry):
    anchor(registry, 12)
    successor = Deployed(chain, "anchor_registry", ADMINISTRATOR, ANCHORER, registry.address)
    assert not anchor(successor, 13)
    assert not anchor(successor, 12, root=TREE.root(11))
    assert anchor(successor, 12)
    assert anchor(successor, 30, 12)


def test_administration_passes_in_two_steps(registry):
    successor, stranger = KEYS.registrar, bytes(STRANGER.key)
    offer = registry.send(KEYS.administrator, "offer_administration", address_of(successor))
    assert offer["status"] == "0x1"
    assert registry.read("administrator") == (ADMINISTRATOR.lower(),)
    assert registry.send(stranger, "accept_administration")["status"] == "0x0"
    assert registry.send(successor, "accept_administration")["status"] == "0x1"
    assert registry.read("administrator") == (address_of(successor).lower(),)
    assert registry.send(successor, "accept_administration")["status"] == "0x0"


def test_only_the_administrator_appoints_and_the_head_survives_it(registry):
    anchor(registry, 9)
    stranger = bytes(STRANGER.key)
    assert registry.send(stranger, "appoint_anchorer", STRANGER.address)["status"] == "0x0"
    assert registry.send(KEYS.anchorer, "offer_administration", ANCHORER)["status"] == "0x0"
    sent = registry.send(KEYS.administrator, "appoint_anchorer", STRANGER.address)
    assert sent["status"] == "0x1"
    assert registry.read("head")[0] == 9
    assert not anchor(registry, 12, 9)
    assert anchor(registry, 12, 9, key=stranger)


def test_nobody_cannot_be_appointed(chain, registry):
    assert registry.send(KEYS.administrator, "appoint_anchorer", ZERO)["status"] == "0x0"
    with pytest.raises(AssertionError):
        Deployed(chain, "anchor_registry", ZERO, ANCHORER, ZERO)


def test_an_unknown_method_reverts(registry):
    with pytest.raises((Revert, StopIteration)):
        registry.read("pause")
