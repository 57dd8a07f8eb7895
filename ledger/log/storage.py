"""The log's set-based statements: heads, tiles, the waiting line, positions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ledger.log.errors import HeadMoved
from ledger.log.models import LanePosition, LogHead, LogTile
from ledger.log.tree.lanes import Lane, Waiting
from ledger.log.tree.merkle import EMPTY_ROOT, HASH_BYTES, NodeReader
from ledger.log.tree.tiles import Growth, TileAddress, node_reader, right_edge, width_of


@dataclass(frozen=True)
class Head:
    """The integrated tree of a shard as one transaction sees it."""

    shard: int
    origin: str
    tree_size: int
    root_hash: bytes
    epoch: int
    stopped_reason: str | None
    is_closed: bool = False


@dataclass(frozen=True)
class Batch:
    """Waiting entries in order of arrival, and those whose stored bytes no longer hash right."""

    waiting: list[Waiting]
    altered: list[int]


def unopened(origin: str) -> Head:
    """The head of a shard that nobody has opened."""
    return Head(0, origin, tree_size=0, root_hash=EMPTY_ROOT, epoch=0, stopped_reason=None)


def get_head(session: Session, origin: str) -> Head:
    """The head of an opened shard."""
    head = find_head(session, origin)
    assert head is not None, "the shard was opened in this transaction or before"
    return head


def find_head(session: Session, origin: str) -> Head | None:
    """The head of the shard of that origin."""
    row = session.scalars(
        select(LogHead).where(LogHead.origin == origin).execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    return _as_head(row)


def find_newest_head(session: Session) -> Head | None:
    """The head of the shard that was opened last; where the log goes on."""
    row = session.scalars(
        select(LogHead)
        .order_by(LogHead.shard.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).one_or_none()
    return None if row is None else _as_head(row)


def list_newest_shards(session: Session, limit: int) -> list[int]:
    """The numbers of the shards that were opened last, newest first."""
    return list(session.scalars(select(LogHead.shard).order_by(LogHead.shard.desc()).limit(limit)))


def list_heads(session: Session) -> list[Head]:
    """Every shard's head, in the order of their opening."""
    rows = select(LogHead).order_by(LogHead.shard).execution_options(populate_existing=True)
    return [_as_head(row) for row in session.scalars(rows)]


def _as_head(row: LogHead) -> Head:
    return Head(
        row.shard,
        row.origin,
        row.tree_size,
        row.root_hash,
        row.epoch,
        row.stopped_reason,
        is_closed=row.closed_at is not None,
    )


def add_head(
    session: Session, origin: str, *, at: datetime, predecessor: tuple[int, int] | None = None
) -> bool:
    """Open the shard of that origin; false when it is open already.

    ``predecessor`` is the shard that it carries on and how many of its leaves it builds upon.
    """
    shard, size = predecessor or (None, None)
    statement = (
        insert(LogHead)
        .values(
            origin=origin,
            tree_size=0,
            root_hash=EMPTY_ROOT,
            epoch=0,
            integrated_at=at,
            opened_at=at,
            predecessor=shard,
            predecessor_size=size,
        )
        .on_conflict_do_nothing(index_elements=["origin"])
        .returning(LogHead.shard)
    )
    return session.scalar(statement) is not None


def close_head(session: Session, origin: str, *, at: datetime) -> None:
    """Let the shard grow no more; a second time changes nothing."""
    session.execute(
        text("UPDATE log_head SET closed_at = :at WHERE origin = :origin AND closed_at IS NULL"),
        {"at": at, "origin": origin},
    )


def stop_signing(session: Session, origin: str, reason: str) -> None:
    """Mark the shard: no checkpoint of it is ever signed again; recovery is a new shard."""
    session.execute(
        text("UPDATE log_head SET stopped_reason = :reason WHERE origin = :origin"),
        {"reason": reason, "origin": origin},
    )


def try_liveness_lock(session: Session, origin: str) -> bool:
    """Whether this transaction is the one that sequences now.

    Only saves work: safety is the compare-and-set of `advance_head`, which needs no lock.
    """
    return bool(
        session.scalar(
            text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 6962))"),
            {"name": f"log sequencer {origin}"},
        )
    )


def advance_head(session: Session, head: Head, growth: Growth, *, at: datetime) -> None:
    """Compare and set: raise `HeadMoved` unless the head is still the one that was read."""
    moved = session.execute(
        text(
            "UPDATE log_head SET tree_size = :size, root_hash = :root, epoch = epoch + 1,"
            " integrated_at = :at WHERE shard = :shard AND epoch = :old_epoch"
            " AND tree_size = :old_size AND root_hash = :old_root AND closed_at IS NULL"
            " RETURNING epoch"
        ),
        {
            "size": growth.size,
            "root": growth.root,
            "at": at,
            "shard": head.shard,
            "old_epoch": head.epoch,
            "old_size": head.tree_size,
            "old_root": head.root_hash,
        },
    )
    if moved.scalar_one_or_none() is None:
        raise HeadMoved


def load_tiles(
    session: Session, shard: int, addresses: Collection[TileAddress]
) -> dict[TileAddress, bytes]:
    """The stored hashes of tiles; a tile that is not there is left out."""
    rows = session.execute(
        text(
            "SELECT level, number, hashes FROM log_tiles"
            " JOIN unnest(CAST(:levels AS bigint[]), CAST(:numbers AS bigint[]))"
            " AS wanted(level, number) USING (level, number) WHERE shard = :shard"
        ),
        {
            "shard": shard,
            "levels": [address.level for address in addresses],
            "numbers": [address.number for address in addresses],
        },
    )
    return {TileAddress(level, number): bytes(hashes) for level, number, hashes in rows}


def stored_nodes(session: Session, shard: int) -> NodeReader:
    """A reader of a shard's nodes; each tile is read from the database once."""
    kept: dict[TileAddress, bytes] = {}

    def load(addresses: Collection[TileAddress]) -> Mapping[TileAddress, bytes]:
        missing = [address for address in addresses if address not in kept]
        if missing:
            kept.update(load_tiles(session, shard, missing))
        return kept

    return node_reader(load)


def load_edge(session: Session, head: Head) -> dict[int, bytes]:
    """The partial tiles of this head's right edge, by level.

    Tiles only grow: what a faster sequencer has added since the head was read is cut off.
    """
    tiles = load_tiles(session, head.shard, right_edge(head.tree_size))
    return {
        address.level: hashes[: width_of(head.tree_size, address) * HASH_BYTES]
        for address, hashes in tiles.items()
    }


def store_tiles(session: Session, shard: int, tiles: Mapping[TileAddress, bytes]) -> None:
    """Write new tiles and the grown ones."""
    statement = insert(LogTile)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["shard", "level", "number"],
            set_={"hashes": statement.excluded.hashes},
        ),
        [
            {"shard": shard, "level": address.level, "number": address.number, "hashes": hashes}
            for address, hashes in tiles.items()
        ],
    )


_WAITING = (
    "SELECT w.arrival, e.leaf_hash, w.licence_id, w.lane, w.n,"
    " sha256('\\x00'::bytea || e.body) = e.leaf_hash"
    " FROM log_waiting w JOIN log_entries e USING (arrival)"
)
# A leaf's keys are sorted and nothing but an amount stands before a call's ``at``.
_OF_YEAR = (
    ' AND (w.lane IS NULL OR substring(e.body FROM position(\'"at":"\'::bytea IN e.body) + 6 FOR 4)'
    " < CAST(:next_year AS text)::bytea)"
)


def take_waiting(session: Session, limit: int, *, next_year: str | None = None) -> Batch:
    """The next entries that nothing holds back, oldest first, their bytes hashed again.

    With ``next_year`` lanes' leaves of that year and later stay: they are the next shard's.
    """
    rows = session.execute(
        text(
            f"{_WAITING} WHERE w.held_since IS NULL{_OF_YEAR if next_year else ''}"
            " ORDER BY w.arrival LIMIT :limit"
        ),
        {"limit": limit} | ({"next_year": next_year} if next_year else {}),
    ).all()
    return _as_batch(rows)


def take_alone(session: Session, entry_leaf_hash: bytes) -> Batch:
    """The one waiting entry of that leaf hash."""
    rows = session.execute(
        text(f"{_WAITING} WHERE e.leaf_hash = :leaf_hash"), {"leaf_hash": entry_leaf_hash}
    ).all()
    return _as_batch(rows)


def _as_batch(rows: Iterable[Any]) -> Batch:
    batch = Batch([], [])
    for arrival, leaf, licence_id, lane, n, is_intact in rows:
        if not is_intact:
            batch.altered.append(arrival)
        elif lane is None:
            batch.waiting.append(Waiting(arrival, leaf, None, 0))
        else:
            batch.waiting.append(Waiting(arrival, leaf, Lane(licence_id, lane), n))
    return batch


def load_lane_ends(session: Session, lanes: Collection[Lane]) -> dict[Lane, int]:
    """The last sequenced n of each lane; a lane that was never opened is left out."""
    rows = session.execute(
        text(
            "SELECT licence_id, lane, n FROM lane_positions"
            " JOIN unnest(CAST(:licences AS text[]), CAST(:lanes AS bigint[]))"
            " AS wanted(licence_id, lane) USING (licence_id, lane)"
        ),
        {
            "licences": [lane.licence_id for lane in lanes],
            "lanes": [lane.lane for lane in lanes],
        },
    )
    return {Lane(licence_id, lane): n for licence_id, lane, n in rows}


def store_lane_ends(session: Session, head: Head, ends: Mapping[Lane, tuple[int, int]]) -> None:
    """Remember each lane's new end: (n, position within the batch)."""
    if not ends:
        return
    statement = insert(LanePosition)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["licence_id", "lane"],
            set_={name: statement.excluded[name] for name in ("n", "shard", "index")},
        ),
        [
            {
                "licence_id": lane.licence_id,
                "lane": lane.lane,
                "n": n,
                "shard": head.shard,
                "index": head.tree_size + place,
            }
            for lane, (n, place) in ends.items()
        ],
    )


def store_positions(session: Session, head: Head, arrivals: Sequence[int]) -> None:
    """Give the entries the next indices, in this order, and take them out of the line."""
    session.execute(
        text(
            "WITH placed AS (INSERT INTO log_positions (shard, index, arrival)"
            " SELECT :shard, :start + place - 1, arrival FROM"
            " unnest(CAST(:arrivals AS bigint[])) WITH ORDINALITY AS given(arrival, place))"
            " DELETE FROM log_waiting WHERE arrival = ANY(CAST(:arrivals AS bigint[]))"
        ),
        {"shard": head.shard, "start": head.tree_size, "arrivals": list(arrivals)},
    )


def hold(session: Session, arrivals: Sequence[int], reason: str, *, at: datetime) -> None:
    """Set entries aside, so that they do not stand in the way of others."""
    if arrivals:
        session.execute(
            text(
                "UPDATE log_waiting SET held_since = :at, held_reason = :reason"
                " WHERE arrival = ANY(CAST(:arrivals AS bigint[])) AND held_since IS NULL"
            ),
            {"at": at, "reason": reason, "arrivals": list(arrivals)},
        )


def release(session: Session) -> None:
    """Bring back the held entries of every lane whose next entry is there now."""
    session.execute(
        text(
            "UPDATE log_waiting w SET held_since = NULL, held_reason = NULL FROM ("
            "  SELECT h.licence_id, h.lane FROM log_waiting h"
            "  LEFT JOIN lane_positions p USING (licence_id, lane)"
            "  WHERE h.held_since IS NOT NULL AND h.held_reason = 'gap'"
            "  AND h.n = COALESCE(p.n, -1) + 1) ready"
            " WHERE w.licence_id = ready.licence_id AND w.lane = ready.lane"
            " AND w.held_since IS NOT NULL AND w.held_reason = 'gap'"
        )
    )


def rehash_entries(session: Session, shard: int, start: int, end: int) -> bytes:
    """The leaf hashes of stored entries, computed anew from their bytes, concatenated in order."""
    row = session.scalar(
        text(
            "SELECT string_agg(sha256('\\x00'::bytea || e.body), ''::bytea ORDER BY p.index)"
            " FROM log_positions p JOIN log_entries e USING (arrival)"
            " WHERE p.shard = :shard AND p.index >= :start AND p.index < :end"
        ),
        {"shard": shard, "start": start, "end": end},
    )
    return bytes(row or b"")


def count_waiting(session: Session) -> tuple[int, int]:
    """How many entries wait for an index, and how many of them are held."""
    row = session.execute(text("SELECT count(*), count(held_since) FROM log_waiting")).one()
    return int(row[0]), int(row[1])
