"""The anchorer against a chain that mines, re-organises, refuses and goes away."""

import pytest
from sqlalchemy import event, select

from app.core.reach import Reach
from ledger.log.anchors.models import AnchorRequest, ChainHealth
from ledger.log.anchors.queries import (
    EMBEDDED,
    INDEPENDENT,
    NO_CHAIN,
    StoredAnchors,
    get_chain_status,
    list_unanchored_origins,
)
from ledger.log.anchors.services import request_anchor
from ledger.log.errors import SigningStopped
from ledger.log.storage.shard_heads import signing_stopped
from tests.unit.log.anchor_chain import FakeChain, Head, anchors, keeper, publish, states
from tests.unit.log.log_factory import ORIGIN


@pytest.fixture
def chain():
    return FakeChain()


def status(units):
    with units.begin(Reach.PUBLIC) as uow:
        return get_chain_status(uow.session, uow.now)


def test_an_empty_log_is_not_anchored(units, chain):
    assert keeper(units, chain).look() is False
    assert chain.sent == []


def test_the_first_head_goes_onto_the_chain_at_once(units, chain):
    publish(units, 3)
    assert keeper(units, chain).look() is True
    (anchor,) = anchors(units)
    assert (anchor.state, anchor.tree_size) == ("mined", chain.head().size)
    assert anchor.root_hash == chain.head().root.hex()
    assert (anchor.block_number, anchor.nonce) == (1, 0)


def test_an_anchor_becomes_final_when_its_block_does(units, chain):
    publish(units, 3)
    keep = keeper(units, chain)
    keep.look()
    keep.look()
    assert states(units) == ["mined"]
    chain.mine()
    keep.look()
    (anchor,) = anchors(units)
    assert anchor.state == "final"
    assert anchor.final_at is not None


def test_the_next_head_waits_for_the_interval_and_proves_its_consistency(units, chain, clock):
    publish(units, 3)
    keep = keeper(units, chain)
    keep.look()
    publish(units, 5)
    assert keep.look() is False
    clock.advance(seconds=600)
    assert keep.look() is True
    assert chain.head().size == 9  # eight facts after the leaf that opens the shard


def test_many_leaves_do_not_wait(units, chain):
    publish(units, 1)
    keep = keeper(units, chain)
    keep.look()
    publish(units, 1_000)
    assert keep.look() is True


def test_a_request_is_answered_at_the_next_look(units, chain):
    publish(units, 1)
    keep = keeper(units, chain)
    keep.look()
    publish(units, 1)
    with units.begin(Reach.EXCHANGE) as uow:
        request = request_anchor(uow, requested_by="psn_1", reason="end of the quarter")
        uow.commit()
    assert keep.look() is True
    with units.begin(Reach.EXCHANGE) as uow:
        assert uow.session.get_one(AnchorRequest, request.id).answered_at is not None
    assert keep.look() is False


def test_a_request_without_news_is_answered_without_a_transaction(units, chain):
    publish(units, 1)
    keep = keeper(units, chain)
    keep.look()
    with units.begin(Reach.EXCHANGE) as uow:
        request = request_anchor(uow, requested_by="psn_1", reason="curiosity")
        uow.commit()
    assert keep.look() is False
    with units.begin(Reach.EXCHANGE) as uow:
        assert uow.session.get_one(AnchorRequest, request.id).answered_at is not None
    assert len(chain.sent) == 1


def test_a_process_that_dies_before_sending_sends_the_same_bytes_again(units, chain):
    publish(units, 3)
    chain.is_refusing = True
    keeper(units, chain).look()
    assert states(units) == ["planned"]
    chain.is_refusing = False
    keeper(units, chain).look()
    (anchor,) = anchors(units)
    assert anchor.state == "mined"
    assert chain.sent == [anchor.raw_transaction]


def test_a_process_that_dies_after_sending_finds_its_anchor(units, chain, monkeypatch):
    publish(units, 3)
    keep = keeper(units, chain)

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    monkeypatch.setattr(keep, "_store", die)
    with pytest.raises(Killed):
        keep.look()
    assert states(units) == ["planned"]
    keeper(units, chain).look()
    assert states(units) == ["mined"]
    assert len(chain.sent) == 1


def test_a_reorganisation_puts_the_anchor_back_and_it_is_mined_again(units, chain):
    publish(units, 3)
    keep = keeper(units, chain)
    keep.look()
    chain.mines_at_once = False
    chain.lose_last_block(forget=False)
    keep.look()
    (anchor,) = anchors(units)
    assert (anchor.state, anchor.block_hash) == ("sent", None)
    chain.mine()
    keep.look()
    assert states(units) == ["mined"]


def test_a_reorganisation_that_forgets_the_anchor_gets_the_same_bytes(units, chain):
    publish(units, 3)
    keep = keeper(units, chain)
    keep.look()
    chain.lose_last_block(forget=True)
    keep.look()
    assert states(units) == ["mined"]
    assert len(set(chain.sent)) == 1


def test_an_old_anchor_out_of_its_block_gets_its_chance_before_it_is_given_up(units, chain, clock):
    publish(units, 3)
    keep = keeper(units, chain)
    keep.look()
    clock.advance(seconds=3_600)
    chain.lose_last_block(forget=True)
    keep.look()
    assert states(units) == ["mined"]


def test_a_reorganisation_deeper_than_finality_brings_the_final_anchors_back(units, chain, clock):
    publish(units, 3)
    keep = keeper(units, chain)
    keep.look()
    publish(units, 2)
    clock.advance(seconds=601)
    keep.look()
    chain.mine()
    keep.look()
    assert states(units) == ["final", "final"]
    for _ in range(3):
        chain.lose_last_block(forget=True)
    keep.look()
    assert states(units) == ["mined", "mined"]
    assert len(set(chain.sent)) == 2, "the same bytes, and no others"
    assert chain.head().size == anchors(units)[-1].tree_size
    chain.mine()
    keep.look()
    assert states(units) == ["final", "final"]


def test_a_node_behind_the_others_takes_no_finality_away(units, chain, clock):
    publish(units, 3)
    keep = keeper(units, chain)
    keep.look()
    chain.mine()
    keep.look()
    newest = chain.heads.pop()
    keep.look()
    assert states(units) == ["final"], "it knows the block, and only the contract's head is old"
    chain.heads.append(newest)


def test_a_transaction_that_offers_too_little_is_outbid_under_its_own_nonce(units, chain, clock):
    publish(units, 3)
    chain.mines_at_once = False
    keep = keeper(units, chain)
    keep.look()
    (waiting,) = chain.sent
    clock.advance(seconds=3_600)
    keep.look()
    assert states(units) == ["sent"], "while the price is the same, it waits its turn"
    chain.outbid.add(waiting)
    keep.look()
    first, second = anchors(units)
    assert (first.state, first.lost_reason) == ("lost", "no node would mine it")
    assert (second.state, second.nonce) == ("sent", first.nonce)
    chain.mine()
    keep.look()
    assert states(units) == ["lost", "mined"]
    assert chain.head().size == second.tree_size


def test_a_taken_nonce_loses_the_anchor_and_a_new_one_follows(units, chain):
    publish(units, 3)
    chain.is_refusing = True
    keep = keeper(units, chain)
    keep.look()
    chain.is_refusing = False
    chain.mine()  # another transaction of the same account
    keeper(units, chain).look()
    lost, following = anchors(units)
    assert (lost.state, lost.lost_reason) == ("lost", "its nonce went to another transaction")
    assert (following.state, following.nonce) == ("mined", 1)


def test_an_anchor_that_the_contract_refuses_is_not_repeated_before_the_interval(
    units, chain, clock
):
    publish(units, 3)
    chain.is_reverting = True
    keep = keeper(units, chain)
    for _ in range(5):
        keep.look()
    assert states(units) == ["lost"]
    clock.advance(seconds=600)
    chain.is_reverting = False
    keep.look()
    assert states(units) == ["lost", "mined"]


def test_bytes_that_no_node_takes_are_signed_anew(units, chain, clock):
    publish(units, 3)
    chain.is_refusing = True
    keeper(units, chain).look()
    clock.advance(seconds=601)
    chain.is_refusing = False
    keeper(units, chain).look()
    assert states(units) == ["lost", "mined"]


def test_an_outage_is_shown_paused_and_repaired_by_one_transaction(units, chain, clock):
    publish(units, 1)
    keep = keeper(units, chain)
    keep.look()
    chain.is_away = True
    for _ in range(30):
        publish(units, 1)
        clock.advance(seconds=300)
        keep.look()
    during = status(units)
    assert during.failing_since is not None
    assert during.unanchored_count == 30
    assert "connection refused" in str(during.last_error)
    chain.is_away = False
    clock.advance(seconds=60)
    keep.look()
    assert len(chain.sent) == 2
    after = status(units)
    assert (after.failing_since, after.unanchored_count) == (None, 0)


def _noted(answer, asked):
    def noted():
        asked.append(True)
        return answer()

    return noted


def test_a_failing_chain_is_asked_ever_less_often(units, chain, clock, monkeypatch):
    publish(units, 1)
    chain.is_away = True
    asked: list[bool] = []
    keep = keeper(units, chain)
    monkeypatch.setattr(chain, "_answer", _noted(chain._answer, asked))
    for _ in range(180):
        keep.look()
        clock.advance(seconds=1)
    assert len(asked) == 8  # after 0, 1, 3, 7, 15, 31, 63 and 123 seconds


def test_a_contract_head_ahead_of_the_log_stops_the_signing(units, chain):
    publish(units, 3)
    chain.heads.append(Head(1_000, b"\x01" * 32))
    keep = keeper(units, chain)
    assert keep.look() is False
    with units.begin(Reach.PUBLIC) as uow:
        assert "the anchor contract" in str(signing_stopped(uow.session))
    assert "signing has stopped" in str(status(units).signing_stopped)
    with pytest.raises(SigningStopped):
        publish(units, 1)
    assert chain.sent == []


def test_a_contract_head_that_forks_from_the_log_stops_the_signing(units, chain):
    publish(units, 9)
    chain.heads.append(Head(4, b"\x01" * 32))
    keeper(units, chain).look()
    with units.begin(Reach.PUBLIC) as uow:
        assert signing_stopped(uow.session) is not None
    assert chain.sent == []


def test_before_any_answer_nothing_is_claimed(units):
    before = status(units)
    assert (before.trust, before.has_independent_validators) == (NO_CHAIN, False)
    assert (before.chain_id, before.final_size, before.unanchored_count) == (None, 0, 0)


def test_trust_follows_what_the_chain_says_of_itself(units, chain):
    keep = keeper(units, chain)
    keep.look()
    assert status(units).trust == INDEPENDENT
    chain.facts = type(chain.facts)(has_independent_validators=False)
    publish(units, 1)
    keep.look()
    assert status(units).trust == EMBEDDED
    with units.begin(Reach.PUBLIC) as uow:
        assert "integrity only, no independent validators" in StoredAnchors().trust(uow.session)


def test_health_is_written_when_it_changes_and_otherwise_now_and_then(units, chain, clock):
    def told():
        with units.begin(Reach.EXCHANGE) as uow:
            return uow.session.scalars(select(ChainHealth.answered_at)).one()

    keep = keeper(units, chain)
    keep.look()
    first = told()
    clock.advance(seconds=10)
    keep.look()
    assert told() == first
    clock.advance(seconds=20)
    keep.look()
    assert told() > first


def test_no_anchor_is_read_to_find_the_open_shard(units, chain, engine):
    publish(units, 3)
    keeper(units, chain).look()
    statements: list[str] = []
    with units.begin(Reach.EXCHANGE) as uow:
        event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
        assert list_unanchored_origins(uow.session) == [ORIGIN]
    assert statements
    assert not [each for each in statements if "anchors" in each]


def test_evidence_lists_anchors_newest_first(units, chain, clock):
    for _ in range(3):
        publish(units, 1)
        keeper(units, chain).look()
        clock.advance(seconds=700)
    with units.begin(Reach.EXCHANGE) as uow:
        listed = list(StoredAnchors().anchors(uow.session, ORIGIN, limit=2))
    assert [each["tree_size"] for each in listed] == [4, 3]
    assert listed[0]["status"] == "mined"
    assert listed[0]["raw_transaction"].startswith("0x")
