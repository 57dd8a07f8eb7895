"""The year's turn: one shard closed by its last leaf, the next opened upon its last checkpoint."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.reach import Reach
from app.reactions import REACTIONS
from compliance.review.registration_events import ListingApproved
from ledger.log.errors import SigningStopped
from ledger.log.sequencing import turning
from ledger.log.sequencing.file_checkpoint_keeper import FileCheckpointKeeper
from ledger.log.sequencing.publication import newest_checkpoint
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.sequencing.succession import current_keys, links_behind, opened_calendar
from ledger.log.storage import shard_heads, waiting_line
from ledger.log.tree.checkpoints import open_checkpoint
from ledger.log.tree.merkle import check_inclusion, leaf_hash
from ledger.log.tree.notes import key_of
from ledger.log.tree_queries import get_ledger_proof, load_entries
from listings.events import OrderPlaced
from tests.unit.log.log_factory import ORIGIN, append_facts, append_rows, call_row, log_keys

KEYS = log_keys()
HOST = "exchange.example"
NEXT = f"{HOST}/log/2027"
LAST_SECOND = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
OLD, NEW = "2026-12-31T23:59:59.900000Z", "2027-01-01T00:00:00.100000Z"


@pytest.fixture(autouse=True)
def years_end(clock):
    clock.set(LAST_SECOND)


@pytest.fixture
def sequencer(units):
    return Sequencer(units, KEYS, host=HOST)


def settle(sequencer):
    while sequencer.step().has_more:
        pass


def shards(units):
    """Of each shard: its origin, the leaves in order, and its newest checkpoint."""
    with units.begin(Reach.EXCHANGE) as uow:
        heads = uow.session.execute(text("SELECT shard, origin FROM log_head ORDER BY shard")).all()
        return {
            origin: (
                [json.loads(body) for body in load_entries(uow.session, shard, 0, 10_000)],
                newest_checkpoint(uow.session, shard),
            )
            for shard, origin in heads
        }


def test_before_the_turn_nothing_is_closed(units, sequencer):
    append_facts(units, 3)
    settle(sequencer)
    assert list(shards(units)) == [ORIGIN]


def test_the_old_shard_ends_with_its_tree_and_its_successor(units, clock, sequencer):
    append_facts(units, 3)
    settle(sequencer)
    before = shards(units)[ORIGIN][1]
    clock.advance(seconds=1)
    settle(sequencer)
    leaves, last = shards(units)[ORIGIN]
    assert leaves[-1]["type"] == "shard_closed"
    assert leaves[-1]["tree_size"] == before.tree_size
    assert leaves[-1]["root_hash"] == before.root_hash.hex()
    assert leaves[-1]["successor"] == NEXT
    assert last.tree_size == before.tree_size + 1


def test_the_new_shard_begins_with_the_old_ones_last_checkpoint(units, clock, sequencer):
    append_facts(units, 3)
    settle(sequencer)
    clock.advance(seconds=1)
    settle(sequencer)
    last = shards(units)[ORIGIN][1]
    leaves, checkpoint = shards(units)[NEXT]
    assert leaves[0]["type"] == "shard_opened"
    assert leaves[0]["predecessor"] == {
        "origin": ORIGIN,
        "tree_size": last.tree_size,
        "root_hash": last.root_hash.hex(),
        "reason": "year",
    }
    following = KEYS.named(NEXT)
    assert leaves[0]["keys"] == following.vkeys
    signed = open_checkpoint(checkpoint.text.encode(), [key_of(following.checkpoint)], origin=NEXT)
    assert signed.tree_size == checkpoint.tree_size


def test_lanes_carry_on_where_they_stood(units, clock, sequencer):
    append_rows(units, [call_row("lic_1", 1, n, at=OLD) for n in range(3)])
    settle(sequencer)
    clock.advance(seconds=1)
    settle(sequencer)
    append_rows(units, [call_row("lic_1", 1, n, at=NEW) for n in (4, 3)])
    settle(sequencer)
    old, new = (shards(units)[origin][0] for origin in (ORIGIN, NEXT))
    assert [leaf["n"] for leaf in old if "lane" in leaf] == [0, 1, 2]
    assert [leaf["n"] for leaf in new if "lane" in leaf] == [3, 4]


def test_a_call_of_the_old_year_that_comes_late_stands_in_the_successor(units, clock, sequencer):
    append_rows(units, [call_row("lic_1", 1, 0, at=OLD)])
    settle(sequencer)
    clock.advance(seconds=1)
    settle(sequencer)
    row = call_row("lic_1", 1, 1, at=OLD)
    append_rows(units, [row])
    settle(sequencer)
    with units.begin(Reach.EXCHANGE) as uow:
        proof = get_ledger_proof(uow.session, row[0].hex())
    assert proof.checkpoint.startswith(f"{NEXT}\n")


def test_a_call_of_the_new_year_is_never_sequenced_in_the_old_shard(units, clock, sequencer):
    """A gateway's clock is ahead of the worker's."""
    append_rows(units, [call_row("lic_1", 1, 0, at=OLD), call_row("lic_1", 1, 1, at=NEW)])
    append_rows(units, [call_row("lic_1", 1, 2, at=NEW)])
    append_facts(units, 1)
    settle(sequencer)
    assert [leaf["n"] for leaf in shards(units)[ORIGIN][0] if "lane" in leaf] == [0]
    clock.advance(seconds=1)
    settle(sequencer)
    assert [leaf["n"] for leaf in shards(units)[NEXT][0] if "lane" in leaf] == [1, 2]


def test_what_waited_over_the_turn_still_goes_into_the_old_years_shard(units, clock, sequencer):
    append_rows(units, [call_row("lic_1", 1, n, at=OLD) for n in range(5)])
    clock.advance(seconds=1)
    settle(sequencer)
    old = shards(units)[ORIGIN][0]
    assert [leaf["n"] for leaf in old if "lane" in leaf] == [0, 1, 2, 3, 4]
    assert old[-1]["type"] == "shard_closed"


def test_each_link_proves_what_a_shard_carries_on(units, clock, sequencer):
    append_facts(units, 700)
    settle(sequencer)
    clock.advance(seconds=1)
    settle(sequencer)
    append_facts(units, 700)
    settle(sequencer)
    clock.set(LAST_SECOND + timedelta(days=366))
    settle(sequencer)
    last = list(shards(units).values())[-1][1]
    with units.begin(Reach.EXCHANGE) as uow:
        links = list(links_behind(uow.session, last))
    assert [link.checkpoint.text.split("\n")[0] for link in links] == [NEXT, ORIGIN]
    later = last
    for link in links:
        check_inclusion(leaf_hash(link.entry), 0, later.tree_size, link.path, root=later.root_hash)
        named = json.loads(link.entry)["predecessor"]
        assert named["tree_size"] == link.checkpoint.tree_size
        assert named["root_hash"] == link.checkpoint.root_hash.hex()
        later = link.checkpoint


def test_a_second_turn_in_the_same_year_does_nothing(units, clock, sequencer):
    append_facts(units, 3)
    clock.advance(seconds=1)
    settle(sequencer)
    settle(sequencer)
    settle(Sequencer(units, KEYS, host=HOST))
    assert list(shards(units)) == [ORIGIN, NEXT]


def test_years_in_which_nothing_ran_are_passed_over(units, clock, sequencer):
    append_facts(units, 3)
    settle(sequencer)
    clock.set(datetime(2030, 5, 1, tzinfo=UTC))
    settle(sequencer)
    assert list(shards(units)) == [ORIGIN, f"{HOST}/log/2030"]


def test_a_shard_whose_signing_stopped_is_not_turned(units, clock, sequencer):
    append_facts(units, 3)
    settle(sequencer)
    with units.begin(Reach.EXCHANGE) as uow:
        shard_heads.stop_signing(uow.session, ORIGIN, "a test")
        uow.commit()
    append_facts(units, 3)
    clock.advance(seconds=1)
    with pytest.raises(SigningStopped):
        sequencer.step()
    assert list(shards(units)) == [ORIGIN]
    with units.begin(Reach.EXCHANGE) as uow:
        assert waiting_line.count_waiting(uow.session) == (3, 0), "they wait for the next shard"


@pytest.mark.parametrize("event", [OrderPlaced, ListingApproved])
def test_nothing_new_rests_on_a_log_whose_signing_stopped(units, sequencer, event):
    """The first thing that an order and a listing ask, with the reach of whoever asks."""
    demand = REACTIONS[event][0]
    append_facts(units, 3)
    settle(sequencer)
    for reach in (Reach.EXCHANGE, Reach.organisation("org_buyer")):
        with units.begin(reach) as uow:
            demand(uow, None)
    with units.begin(Reach.EXCHANGE) as uow:
        shard_heads.stop_signing(uow.session, ORIGIN, "a test")
        uow.commit()
    for reach in (Reach.EXCHANGE, Reach.organisation("org_buyer")):
        with units.begin(reach) as uow, pytest.raises(SigningStopped, match="a test"):
            demand(uow, None)


def test_the_kept_checkpoint_of_the_new_shard_is_compared_like_the_old_ones(units, clock, tmp_path):
    keeper = FileCheckpointKeeper(tmp_path)
    sequencer = Sequencer(units, KEYS, host=HOST, keeper=keeper)
    append_facts(units, 3)
    clock.advance(seconds=1)
    settle(sequencer)
    assert keeper.newest(ORIGIN).startswith(f"{ORIGIN}\n5\n")
    assert keeper.newest(NEXT).startswith(f"{NEXT}\n")


@pytest.mark.parametrize("instant", ["close_shard", "publish_head", "open_shard"])
def test_whoever_dies_during_the_turn_is_followed_by_whoever_comes(
    units, clock, sequencer, monkeypatch, instant
):
    append_rows(units, [call_row("lic_1", 1, 0, at=OLD)])
    settle(sequencer)
    clock.advance(seconds=1)

    class Death(Exception):
        pass

    def die(*_args, **_named):
        raise Death

    module = "sequencer" if instant == "close_shard" else "turning"
    with monkeypatch.context() as patch:
        patch.setattr(f"ledger.log.sequencing.{module}.{instant}", die)
        with pytest.raises(Death):
            sequencer.step()
    settle(Sequencer(units, KEYS, host=HOST))
    found = shards(units)
    assert list(found) == [ORIGIN, NEXT]
    kinds = [leaf["type"] for leaf in found[ORIGIN][0]]
    assert kinds.count("shard_closed") == 1
    assert kinds[-1] == "shard_closed"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_head SET tree_size = tree_size + 1 WHERE shard = 1",
        "UPDATE log_head SET closed_at = NULL WHERE closed_at IS NOT NULL",
        "UPDATE log_head SET predecessor = NULL, predecessor_size = NULL WHERE shard = 2",
        (
            "INSERT INTO log_head (origin, tree_size, root_hash, epoch, integrated_at, predecessor,"
            " predecessor_size) SELECT 'another', 0, root_hash, 0, now(), predecessor,"
            " predecessor_size FROM log_head WHERE predecessor IS NOT NULL"
        ),
    ],
)
def test_the_database_refuses_to_undo_a_turn(units, clock, sequencer, statement):
    append_facts(units, 1)
    clock.advance(seconds=1)
    settle(sequencer)
    with units.begin(Reach.EXCHANGE) as uow, pytest.raises(DBAPIError):
        uow.session.execute(text(statement))


def test_promises_name_the_shard_of_their_year(units, clock, sequencer):
    append_facts(units, 1)
    settle(sequencer)
    with units.begin(Reach.EXCHANGE) as uow:
        calendar = opened_calendar(uow.session, HOST)
    assert calendar.origin_at(OLD) == ORIGIN
    assert calendar.origin_at(NEW) == NEXT, "known before the shard is open"
    clock.advance(seconds=1)
    settle(sequencer)
    with units.begin(Reach.EXCHANGE) as uow:
        calendar = opened_calendar(uow.session, HOST)
        assert current_keys(uow.session, KEYS).origin == NEXT
    assert [calendar.origin_at(at) for at in (OLD, NEW)] == [ORIGIN, NEXT]


def test_closing_twice_leaves_one_last_leaf(units, clock, sequencer):
    append_facts(units, 1)
    settle(sequencer)
    clock.advance(seconds=1)
    assert turning.close_shard(units, ORIGIN, NEXT) is True
    assert turning.close_shard(units, ORIGIN, NEXT) is False
