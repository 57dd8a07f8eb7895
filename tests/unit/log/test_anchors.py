"""Anchors as decisions: what a look at the chain means, and when a new one is due."""

from datetime import timedelta

import pytest

from app.core.states import IllegalTransition
from ledger.log.anchors.states import (
    ANCHOR_STATES,
    LOST_REASONS,
    MISSING_MAX,
    AnchorPolicy,
    AnchorState,
    Finding,
    Sight,
    Unanchored,
    back_off_seconds,
    find,
    is_due,
)
from tests.fakes.clock import START

POLICY = AnchorPolicy(interval_seconds=600, leaves_max=100_000)


def sight(state="unknown", *, nonce=5, mined_nonce=5, is_head=False, age=timedelta(0)):
    return Sight(state, nonce, mined_nonce, is_head, age)


@pytest.mark.parametrize(
    ("state", "finding"),
    [
        ("pending", Finding.WAITS),
        ("mined", Finding.MINED),
        ("final", Finding.FINAL),
        ("reverted", Finding.REVERTED),
        ("unknown", Finding.MISSING),
    ],
)
def test_the_nodes_word_decides_first(state, finding):
    assert find(sight(state)) is finding


def test_a_used_nonce_means_that_another_transaction_took_it():
    assert find(sight(nonce=5, mined_nonce=6)) is Finding.OVERTAKEN
    assert find(sight(nonce=5, mined_nonce=5)) is Finding.MISSING


def test_a_node_that_lags_behind_the_contract_is_not_believed():
    assert find(sight(mined_nonce=6, is_head=True)) is Finding.WAITS


def test_a_head_that_another_transaction_brought_is_not_waited_for_for_ever():
    late = MISSING_MAX + timedelta(seconds=1)
    assert find(sight(mined_nonce=6, is_head=True, age=MISSING_MAX)) is Finding.WAITS
    assert find(sight(mined_nonce=6, is_head=True, age=late)) is Finding.OVERTAKEN


def test_bytes_that_no_node_keeps_are_given_up_after_a_while():
    assert find(sight(age=MISSING_MAX)) is Finding.MISSING
    assert find(sight(age=MISSING_MAX + timedelta(seconds=1))) is Finding.EXPIRED


def test_a_transaction_behind_a_missing_nonce_is_given_up_after_a_while():
    late = MISSING_MAX + timedelta(seconds=1)
    assert find(sight("pending", nonce=6, mined_nonce=5)) is Finding.WAITS
    assert find(sight("pending", nonce=6, mined_nonce=5, age=late)) is Finding.EXPIRED
    assert find(sight("pending", nonce=5, mined_nonce=5, age=late)) is Finding.WAITS


def test_a_lost_anchor_moves_only_when_a_block_took_it_or_its_bytes_are_signed_again():
    assert ANCHOR_STATES.next(AnchorState.LOST, Finding.MISSING) == AnchorState.PLANNED
    assert ANCHOR_STATES.next(AnchorState.LOST, Finding.MINED) == AnchorState.MINED
    assert ANCHOR_STATES.next(AnchorState.LOST, Finding.FINAL) == AnchorState.FINAL
    for finding in set(Finding) - {Finding.MISSING, Finding.MINED, Finding.FINAL}:
        with pytest.raises(IllegalTransition):
            ANCHOR_STATES.next(AnchorState.LOST, finding)


def test_a_final_anchor_is_as_final_as_its_block():
    assert ANCHOR_STATES.next(AnchorState.FINAL, Finding.FINAL) == AnchorState.FINAL
    assert ANCHOR_STATES.next(AnchorState.FINAL, Finding.MINED) == AnchorState.MINED


def test_every_finding_has_a_meaning_in_every_open_state():
    for state in set(AnchorState) - {AnchorState.LOST}:
        for finding in Finding:
            assert ANCHOR_STATES.next(state, finding) in set(AnchorState)


def test_what_is_lost_is_lost_for_a_reason():
    ends = {finding for (_, finding), end in ANCHOR_STATES.table.items() if end == "lost"}
    assert ends == set(LOST_REASONS)


def test_a_block_that_left_the_chain_takes_its_anchor_back():
    assert ANCHOR_STATES.next(AnchorState.MINED, Finding.WAITS) == AnchorState.SENT
    assert ANCHOR_STATES.next(AnchorState.MINED, Finding.MISSING) == AnchorState.PLANNED


def due(leaves, *, waited=None, is_requested=False):
    planned_at = None if waited is None else START - timedelta(seconds=waited)
    return is_due(POLICY, Unanchored(leaves, planned_at, is_requested), START)


def test_nothing_new_is_never_due():
    assert not due(0, waited=10_000, is_requested=True)


def test_the_first_head_is_due_at_once():
    assert due(1)


def test_a_head_is_due_after_the_interval():
    assert not due(1, waited=599)
    assert due(1, waited=600)


def test_a_head_is_due_when_many_leaves_wait():
    assert not due(99_999, waited=1)
    assert due(100_000, waited=1)


def test_a_request_makes_a_head_due():
    assert due(1, waited=1, is_requested=True)


def test_pauses_double_and_are_capped():
    pauses = [back_off_seconds(count) for count in (1, 2, 3, 4, 5, 6, 7, 8, 10_000)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
