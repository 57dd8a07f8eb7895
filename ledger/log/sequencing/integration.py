"""Integration: one batch of waiting entries gets its indices and grows the tree, or nothing does.

Everything here happens in the caller's transaction. What decides between two sequencers is the
compare-and-set on the head (`shard_heads.advance_head`); a closed head is never advanced again.
"""

from collections.abc import Sequence
from typing import Any

from app.core.unit_of_work import UnitOfWork
from ledger.log.errors import LogStorageAltered, Stored
from ledger.log.services import append_entry
from ledger.log.storage import shard_heads, stored_tiles, waiting_line
from ledger.log.storage.shard_heads import Head
from ledger.log.storage.waiting_line import Batch
from ledger.log.tree.lanes import Arrangement, Waiting, arrange
from ledger.log.tree.tiles import Growth, edge_root, grow


def integrate_batch(
    uow: UnitOfWork, head: Head, batch_max: int, *, next_year: str | None = None
) -> int:
    """Everything of one batch up to the commit; how many leaves.

    With ``next_year`` the calls of that year stay for the next shard. Raises `HeadMoved`,
    `LogStorageAltered`.
    """
    waiting_line.release(uow.session)
    batch = waiting_line.take_waiting(uow.session, batch_max, next_year=next_year)
    return _integrate(uow, head, batch)


def integrate_fact(
    uow: UnitOfWork, head: Head, entry_type: str, *, body: dict[str, Any], subjects: list[str]
) -> None:
    """Write an entry and give it the very next index, before everything that waits.

    Raises `HeadMoved`, `LogStorageAltered`.
    """
    entry_hash = append_entry(uow, entry_type, body, subjects=subjects)
    count = _integrate(uow, head, waiting_line.take_alone(uow.session, bytes.fromhex(entry_hash)))
    assert count == 1, "it was written in this transaction"


def _integrate(uow: UnitOfWork, head: Head, batch: Batch) -> int:
    session = uow.session
    lanes = {entry.lane for entry in batch.waiting if entry.lane is not None}
    arranged = arrange(batch.waiting, waiting_line.load_lane_ends(session, lanes))
    waiting_line.hold(session, batch.altered, "altered", at=uow.now)
    waiting_line.hold(session, [entry.arrival for entry in arranged.held], "gap", at=uow.now)
    if arranged.ordered:
        _write(uow, head, arranged)
    return len(arranged.ordered)


def _write(uow: UnitOfWork, head: Head, arranged: Arrangement) -> None:
    session = uow.session
    edge = stored_tiles.load_edge(session, head)
    if edge_root(edge) != head.root_hash:
        raise LogStorageAltered(Stored.EDGE, head.tree_size)
    growth = grow(edge, head.tree_size, [entry.leaf_hash for entry in arranged.ordered])
    shard_heads.advance_head(session, head, growth, at=uow.now)
    waiting_line.store_positions(session, head, [entry.arrival for entry in arranged.ordered])
    stored_tiles.store_tiles(session, head.shard, growth.tiles)
    waiting_line.store_lane_ends(session, head, arranged.ends)
    _check_written(uow, head, growth, arranged.ordered)


def _check_written(uow: UnitOfWork, head: Head, growth: Growth, ordered: Sequence[Waiting]) -> None:
    """Hash again what the database now holds, before anything is promised over it."""
    session = uow.session
    stored = waiting_line.rehash_entries(session, head.shard, head.tree_size, growth.size)
    if stored != b"".join([entry.leaf_hash for entry in ordered]):
        raise LogStorageAltered(Stored.ENTRIES, growth.size)
    if stored_tiles.load_tiles(session, head.shard, growth.tiles) != growth.tiles:
        raise LogStorageAltered(Stored.TILES, growth.size)
