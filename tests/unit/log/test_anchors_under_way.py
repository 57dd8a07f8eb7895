"""One anchor of a contract is under way at a time, and nothing keeps the next from its turn."""

from dataclasses import replace

import pytest

from ledger.log.anchors import queries
from ledger.log.anchors.models import Anchor
from tests.unit.log.anchor_chain import FakeChain, Head, Signed, anchors, keeper, publish, states


@pytest.fixture
def chain():
    return FakeChain()


def test_one_anchor_is_under_way_at_a_time(units, chain, clock):
    chain.mines_at_once = False
    publish(units, 3)
    keep = keeper(units, chain)
    keep.look()
    publish(units, 3)
    clock.advance(seconds=700)
    assert keep.look() is False
    assert states(units) == ["sent"]
    chain.mine()
    keep.look()
    assert states(units) == ["mined", "sent"]


class NeverFinal(FakeChain):
    """A chain whose blocks stay open: every anchor in one is looked at again."""

    def status(self, transaction_hash):
        seen = super().status(transaction_hash)
        return replace(seen, state="mined") if seen.state == "final" else seen


def test_many_that_wait_for_finality_do_not_hide_the_one_under_way(units, clock, monkeypatch):
    monkeypatch.setattr(queries, "UNSETTLED_MAX", 2)
    chain = NeverFinal()
    keep = keeper(units, chain)
    for _ in range(2):
        publish(units, 1)
        keep.look()
        clock.advance(seconds=600)
    chain.mines_at_once = False
    publish(units, 1)
    keep.look()
    assert states(units) == ["mined", "mined", "sent"]
    chain.mine()
    keep.look()
    assert states(units) == ["mined", "mined", "mined"]


def test_two_anchorers_do_not_both_plan(units, chain):
    publish(units, 3)
    chain.is_refusing = True
    first, second = keeper(units, chain), keeper(units, chain)
    first.look()
    assert second._plan(_copy(anchors(units)[0])) is False
    assert states(units) == ["planned"]


def _copy(anchor):
    kept = {column.name: getattr(anchor, column.name) for column in Anchor.__table__.columns}
    return Anchor(**{**kept, "transaction_hash": "0x" + "77" * 32})


def test_an_anchor_out_of_its_block_while_the_next_is_under_way_is_mined_again(units, chain, clock):
    publish(units, 3)
    keep = keeper(units, chain)
    keep.look()
    chain.mines_at_once = False
    publish(units, 2)
    clock.advance(seconds=600)
    keep.look()
    assert states(units) == ["mined", "sent"]
    chain.lose_last_block(forget=False)
    keep.look()
    chain.pool = dict(reversed(chain.pool.items()))
    chain.mine()
    keep.look()
    assert states(units) == ["mined", "mined"]
    assert chain.head().size == anchors(units)[-1].tree_size


def _given_up_and_mined_after_all(units, chain, clock):
    """Two anchors of one head under one nonce; the first is lost, and the block takes it."""
    chain.mines_at_once = False
    publish(units, 3)
    keep = keeper(units, chain)
    keep.look()
    kept = dict(chain.pool)
    chain.pool.clear()
    clock.advance(seconds=601)
    keep.look()
    assert states(units) == ["lost", "sent"]
    assert len({anchor.nonce for anchor in anchors(units)}) == 1
    chain.pool = kept
    chain.mine()
    return keep


def test_an_anchor_that_is_mined_after_it_was_given_up_is_found(units, chain, clock):
    keep = _given_up_and_mined_after_all(units, chain, clock)
    keep.look()
    assert states(units) == ["mined", "sent"]
    found, _ = anchors(units)
    assert (found.block_number, found.lost_at, found.lost_reason) == (1, None, None)
    chain.mine()
    keep.look()
    assert states(units) == ["final", "sent"]


def test_the_second_anchor_of_a_head_that_the_first_brought_holds_up_no_later_one(
    units, chain, clock
):
    keep = _given_up_and_mined_after_all(units, chain, clock)
    sent = list(chain.sent)
    keep.look()
    clock.advance(seconds=601)
    keep.look()
    _, second = anchors(units)
    assert (second.state, second.lost_reason) == ("lost", "its nonce went to another transaction")
    assert chain.sent == sent, "the head is there: nothing is sent for it again"
    publish(units, 2)
    assert keep.look() is True
    chain.mine()
    keep.look()
    assert states(units) == ["final", "lost", "mined"]
    assert chain.head().size == anchors(units)[-1].tree_size


def test_a_transaction_after_the_one_that_brought_the_head_stays_lost(units, chain, clock):
    chain.mines_at_once = False
    publish(units, 3)
    keep = keeper(units, chain)
    chain.mine()  # another transaction of the same account
    keep.look()
    chain.lose_last_block(forget=True)
    clock.advance(seconds=601)
    keep.look()
    assert [(anchor.state, anchor.nonce) for anchor in anchors(units)] == [("lost", 1), ("sent", 0)]
    chain.pool = dict(reversed(chain.pool.items()))
    chain.mine()
    for _ in range(2):
        keep.look()
    assert states(units) == ["lost", "mined"], "the contract announced the head in one of them"


class SamePrice(FakeChain):
    """Signs the same head under the same nonce with the same bytes, while gas costs the same."""

    def sign_anchor(self, *, size, root, proof, nonce):
        raw = f"{nonce}:{size}:{root.hex()}".encode()
        self.signed[raw] = (Head(size, root), list(proof), nonce)
        return Signed(raw, self.hash_of(raw), nonce)


def test_bytes_that_were_given_up_are_sent_when_the_same_are_signed_again(units, clock):
    chain = SamePrice()
    publish(units, 3)
    chain.is_refusing = True
    keeper(units, chain).look()
    clock.advance(seconds=601)
    chain.is_refusing = False
    keep = keeper(units, chain)
    assert keep.look() is True
    (anchor,) = anchors(units)
    assert (anchor.state, anchor.lost_at, anchor.planned_at) == ("mined", None, clock.now())
    assert chain.sent == [anchor.raw_transaction]
