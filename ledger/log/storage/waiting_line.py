"""Entries that wait for an index, those that are held, and the places that they are given."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ledger.log.models import LanePosition
from ledger.log.storage.shard_heads import Head
from ledger.log.tree.lanes import Lane, Waiting


@dataclass(frozen=True)
class Batch:
    """Waiting entries in order of arrival, and those whose stored bytes no longer hash right."""

    waiting: list[Waiting]
    altered: list[int]


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
