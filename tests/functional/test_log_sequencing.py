"""Sequencing, publication and what stops them, on a real database."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.core.reach import Reach
from ledger.log.errors import (
    LeafRefused,
    LogBehindItsPublishedHead,
    LogStorageAltered,
    SigningStopped,
)
from ledger.log.queries import find_checkpoint
from ledger.log.sequencing.file_checkpoint_keeper import FileCheckpointKeeper
from ledger.log.sequencing.publication import PublishedHead, stop_if_behind
from ledger.log.sequencing.sequencer import Sequencer
from ledger.log.services import append_entry
from ledger.log.storage import shard_heads, stored_tiles, waiting_line
from ledger.log.tree.checkpoints import Checkpoint, open_checkpoint, sign_checkpoint
from ledger.log.tree.leaves import read_leaf
from ledger.log.tree.merkle import leaf_hash, root_at, tree_hash
from ledger.log.tree.notes import key_of
from ledger.log.tree_queries import get_ledger_proof, load_entries
from tests.factories.ledger_proofs import check_ledger_proof
from tests.unit.log.log_factory import ORIGIN, append_facts, append_rows, call_row, log_keys

KEYS = log_keys()


@pytest.fixture
def sequencer(units):
    return Sequencer(units, KEYS)


def size_of(checkpoint):
    return checkpoint.tree_size


def lanes_in_order(units):
    """(lane, n) of every lane entry, by index."""
    with units.begin(Reach.EXCHANGE) as uow:
        rows = uow.session.execute(
            text(
                "SELECT e.licence_id, e.lane, e.n FROM log_positions p"
                " JOIN log_entries e USING (arrival) WHERE e.lane IS NOT NULL ORDER BY p.index"
            )
        )
        return [tuple(row) for row in rows]


def change(units, statement, **values):
    """Alter the database behind the log's back, as its owner can."""
    with units.begin(Reach.EXCHANGE) as uow:
        for table in ("log_entries", "log_positions", "checkpoints", "log_tiles", "log_head"):
            uow.session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        uow.session.execute(text(statement), values)
        uow.commit()


def check_tree(units):
    """Rebuild the tree from the stored entries and compare everything that was stored."""
    with units.begin(Reach.EXCHANGE) as uow:
        head = shard_heads.get_head(uow.session, ORIGIN)
        bodies = load_entries(uow.session, head.shard, 0, head.tree_size + 1)
        leaves = [leaf_hash(body) for body in bodies]
        assert len(leaves) == head.tree_size
        assert tree_hash(leaves) == head.root_hash
        assert (
            root_at(stored_tiles.stored_nodes(uow.session, head.shard), len(leaves))
            == head.root_hash
        )
        return head


def test_an_entry_is_sequenced_published_and_provable(units, sequencer):
    [registered] = append_facts(units, 1)
    checkpoint = sequencer.step().checkpoint
    assert checkpoint is not None
    with units.begin(Reach.EXCHANGE) as uow:
        proof = get_ledger_proof(uow.session, registered)
    verified = check_ledger_proof(
        proof, bytes.fromhex(registered), [key_of(KEYS.checkpoint)], origin=ORIGIN
    )
    assert verified == checkpoint


def test_a_shard_begins_with_the_leaf_that_names_its_keys(units, sequencer):
    sequencer.step()
    with units.begin(Reach.EXCHANGE) as uow:
        shard = shard_heads.get_head(uow.session, ORIGIN).shard
        opened = read_leaf(load_entries(uow.session, shard, 0, 1)[0])
    assert (opened["type"], opened["keys"]) == ("shard_opened", KEYS.vkeys)


def test_a_step_without_anything_new_publishes_nothing(units, sequencer):
    append_facts(units, 3)
    assert sequencer.step().integrated_count == 4
    second = sequencer.step()
    assert (second.integrated_count, second.checkpoint) == (0, None)


def test_an_entry_rolled_back_with_its_business_is_never_sequenced(units, sequencer):
    with units.begin(Reach.EXCHANGE) as uow:
        append_entry(uow, "registered", {"fact": 1})
    assert sequencer.step().integrated_count == 1


def test_many_batches_give_the_same_tree_as_one(units):
    append_facts(units, 700)
    small = Sequencer(units, KEYS, batch_max=100)
    step = small.step()
    assert (step.integrated_count, step.has_more) == (701, False)
    assert check_tree(units).epoch == 9, "the opening leaf, then eight batches"


def test_a_step_is_bounded_and_says_that_more_waits(units):
    append_facts(units, 99)
    narrow = Sequencer(units, KEYS, batch_max=10)
    first = narrow.step()
    assert (first.integrated_count, first.has_more) == (80, True)
    second = narrow.step()
    assert (second.integrated_count, size_of(second.checkpoint)) == (20, 100)
    assert not narrow.step().has_more


def test_a_transaction_that_commits_late_is_not_skipped(units, sequencer):
    with units.begin(Reach.EXCHANGE) as slow:
        late = append_entry(slow, "registered", {"fact": "late"})
        append_facts(units, 2)
        sequencer.step()
        slow.commit()
    assert sequencer.step().integrated_count == 1
    with units.begin(Reach.EXCHANGE) as uow:
        assert get_ledger_proof(uow.session, late).index == 3


def test_an_entry_out_of_its_lanes_order_waits_for_its_predecessor(units, sequencer):
    append_rows(units, [call_row("lic_a", 1, n) for n in (0, 2, 3, 1, 5)])
    sequencer.step()
    assert lanes_in_order(units) == [("lic_a", 1, n) for n in range(4)]
    append_rows(units, [call_row("lic_a", 1, 4)])
    sequencer.step()
    sequencer.step()
    assert lanes_in_order(units) == [("lic_a", 1, n) for n in range(6)]
    check_tree(units)


def test_a_gap_stops_its_lane_is_counted_and_stops_nobody_else(units, sequencer):
    append_rows(units, [call_row("lic_a", 1, n) for n in (0, 1, 3, 4)])
    append_rows(units, [call_row("lic_b", 1, n) for n in (0, 1)])
    sequencer.step()
    with units.begin(Reach.EXCHANGE) as uow:
        assert waiting_line.count_waiting(uow.session) == (2, 2)
    append_rows(units, [call_row("lic_b", 1, 2)])
    sequencer.step()
    assert lanes_in_order(units)[-1] == ("lic_b", 1, 2)


def test_held_entries_do_not_fill_the_batch_of_others(units):
    append_rows(units, [call_row("lic_a", 1, n) for n in range(2, 40)])
    narrow = Sequencer(units, KEYS, batch_max=10)
    for _ in range(6):
        narrow.step()
    hashes = append_facts(units, 1)
    narrow.step()
    with units.begin(Reach.EXCHANGE) as uow:
        assert get_ledger_proof(uow.session, hashes[0]).index == 1
    append_rows(units, [call_row("lic_a", 1, n) for n in (0, 1)])
    for _ in range(8):
        narrow.step()
    assert lanes_in_order(units) == [("lic_a", 1, n) for n in range(40)]


def test_a_second_leaf_for_one_number_of_a_lane_is_refused(units):
    append_rows(units, [call_row("lic_a", 1, 0)])
    with pytest.raises(psycopg.errors.UniqueViolation):
        append_rows(units, [call_row("lic_a", 1, 0, size=3)])


def test_a_lane_opening_without_a_number_is_the_lanes_zero(units, sequencer):
    row = call_row("lic_a", 1, 0)
    append_rows(units, [(*row[:5], None)])
    sequencer.step()
    assert lanes_in_order(units) == [("lic_a", 1, 0)]


def test_a_hash_that_is_not_the_leafs_is_refused_before_the_database(units):
    row = call_row("lic_a", 1, 0)
    with pytest.raises(LeafRefused):
        append_rows(units, [(b"\x00" * 32, *row[1:])])


def test_appending_nothing_is_no_statement(units):
    append_rows(units, [])


CHANGES = [
    "UPDATE log_entries SET body = 'x'",
    "DELETE FROM log_entries",
    "TRUNCATE log_entries CASCADE",
    "DELETE FROM log_positions",
    "UPDATE checkpoints SET tree_size = tree_size + 1",
    "UPDATE log_head SET tree_size = tree_size - 1",
    "UPDATE log_tiles SET hashes = substring(hashes FOR 32)",
]


def test_the_database_itself_refuses_to_change_what_is_written(units, sequencer):
    append_facts(units, 3)
    sequencer.step()
    for statement in CHANGES:
        with pytest.raises(DBAPIError), units.begin(Reach.EXCHANGE) as uow:
            uow.session.execute(text(statement))


def test_a_waiting_entry_whose_bytes_were_altered_is_held_and_others_go_on(units, sequencer):
    append_facts(units, 3)
    change(units, "ALTER TABLE log_entries DROP CONSTRAINT leaf_hash")
    change(units, "UPDATE log_entries SET body = body || ' ' WHERE arrival = 2")
    sequencer.step()
    with units.begin(Reach.EXCHANGE) as uow:
        assert waiting_line.count_waiting(uow.session) == (1, 1)
    assert check_tree(units).tree_size == 3


def test_an_altered_right_edge_stops_the_growth(units, sequencer):
    append_facts(units, 3)
    sequencer.step()
    change(units, "UPDATE log_tiles SET hashes = sha256(hashes) || substring(hashes FROM 33)")
    append_facts(units, 1)
    with pytest.raises(LogStorageAltered):
        sequencer.step()


def test_a_head_known_outside_that_is_ahead_stops_signing_for_good(units, sequencer):
    append_facts(units, 3)
    sequencer.step()
    ahead = PublishedHead("the contract", 5, b"\x01" * 32)
    with pytest.raises(LogBehindItsPublishedHead):
        stop_if_behind(units, ORIGIN, [ahead])
    append_facts(units, 10)
    with pytest.raises(SigningStopped):
        sequencer.step()
    with pytest.raises(SigningStopped):
        Sequencer(units, KEYS).step()


def test_a_head_known_outside_on_another_branch_stops_signing(units, sequencer):
    append_facts(units, 3)
    sequencer.step()
    with pytest.raises(LogBehindItsPublishedHead):
        stop_if_behind(units, ORIGIN, [PublishedHead("a witness", 2, b"\x01" * 32)])


def test_a_head_known_outside_before_the_shard_was_opened_stops_signing(units):
    with pytest.raises(LogBehindItsPublishedHead):
        stop_if_behind(units, ORIGIN, [PublishedHead("the contract", 1, b"\x01" * 32)])
    append_facts(units, 1)
    with pytest.raises(SigningStopped):
        Sequencer(units, KEYS).step()


def test_heads_that_are_beginnings_of_the_log_stop_nothing(units, sequencer):
    append_facts(units, 3)
    early = sequencer.step().checkpoint
    append_facts(units, 300)
    late = sequencer.step().checkpoint
    known = [PublishedHead("itself", head.tree_size, head.root_hash) for head in (early, late)]
    stop_if_behind(units, ORIGIN, known)


def test_a_missing_tile_is_altered_storage_not_a_crash(units, sequencer):
    append_facts(units, 3)
    checkpoint = sequencer.step().checkpoint
    change(units, "DELETE FROM log_tiles")
    with pytest.raises(LogStorageAltered):
        stop_if_behind(units, ORIGIN, [PublishedHead("itself", 4, checkpoint.root_hash)])


def test_a_restored_backup_is_noticed_by_the_kept_checkpoint(units, tmp_path):
    keeper = FileCheckpointKeeper(tmp_path / "kept")
    append_facts(units, 3)
    Sequencer(units, KEYS, keeper=keeper).step()
    lost = Checkpoint(ORIGIN, 9, b"\x02" * 32)
    keeper.keep(ORIGIN, sign_checkpoint(lost, [KEYS.checkpoint]))
    append_facts(units, 20)
    with pytest.raises(LogBehindItsPublishedHead):
        Sequencer(units, KEYS, keeper=keeper).step()
    with units.begin(Reach.EXCHANGE) as uow:
        assert size_of(find_checkpoint(uow.session, ORIGIN)) == 4


def test_a_running_sequencer_notices_the_contradiction_when_it_signs(units, tmp_path):
    keeper = FileCheckpointKeeper(tmp_path)
    sequencer = Sequencer(units, KEYS, keeper=keeper)
    append_facts(units, 3)
    sequencer.step()
    keeper.keep(ORIGIN, sign_checkpoint(Checkpoint(ORIGIN, 5, b"\x02" * 32), [KEYS.checkpoint]))
    append_facts(units, 9)
    with pytest.raises(LogBehindItsPublishedHead):
        sequencer.step()
    with pytest.raises(SigningStopped):
        sequencer.step()


def test_the_keeper_keeps_the_largest_checkpoint(tmp_path):
    keeper = FileCheckpointKeeper(tmp_path)
    assert keeper.newest(ORIGIN) is None
    notes = [
        sign_checkpoint(Checkpoint(ORIGIN, size, b"\x02" * 32), [KEYS.checkpoint])
        for size in (5, 9, 7)
    ]
    for note in notes:
        keeper.keep(ORIGIN, note)
    assert keeper.newest(ORIGIN) == notes[1]
    assert keeper.newest("another.example/log/2026") is None


def test_every_checkpoint_is_kept_before_it_is_shown(units):
    class Watching:
        shown = None

        def newest(self, _origin):
            return None

        def keep(self, _origin, note):
            with units.begin(Reach.PUBLIC) as uow:
                self.shown = find_checkpoint(uow.session, ORIGIN)
            self.kept = open_checkpoint(note.encode(), [key_of(KEYS.checkpoint)], origin=ORIGIN)

    append_facts(units, 1)
    watching = Watching()
    published = Sequencer(units, KEYS, keeper=watching).step().checkpoint
    assert watching.shown is None
    assert watching.kept == published


def test_any_reach_may_append_but_only_parties_and_the_exchange_read(units, sequencer):
    with units.begin(Reach.organisation("org_a")) as uow:
        append_entry(uow, "registered", {"fact": 1}, licence_id="lic_a", subjects=["ver_1"])
        assert uow.session.scalar(text("SELECT count(*) FROM log_entries")) == 0
        uow.commit()
    assert sequencer.step().integrated_count == 2
    with units.begin(Reach.PUBLIC) as uow:
        for table in ("log_entries", "log_waiting", "log_entry_subjects", "log_parties"):
            assert uow.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0  # noqa: S608
