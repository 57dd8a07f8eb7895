"""The lane port over the ledger's own log: lanes from its entries, proofs from its tiles."""

import json
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.core.clock import iso_instant
from app.core.ids import LicenceId
from ledger.journal.evidence.leaves import (
    LaneCount,
    LaneLeaf,
    LaneSpan,
    LeafMissing,
    LedgerProofs,
    ProvenLeaf,
)
from ledger.log.models import LogEntry, LogPosition, SignedCheckpoint
from ledger.log.sequencing.succession import Link, links_behind
from ledger.log.storage.stored_tiles import stored_nodes
from ledger.log.tree.merkle import make_inclusion_proof

# The leaves' own bytes are parsed, none of the running totals that an invoice rests on.
_RECOUNT = text(
    """
    SELECT count(*) AS calls, coalesce(sum(leaf.units), 0)::bigint AS units,
        coalesce(sum(leaf.amount), 0)::bigint AS amount
    FROM log_entries,
        json_to_record(convert_from(body, 'UTF8')::json) AS leaf (units bigint, amount bigint)
    WHERE licence_id = :licence_id AND lane = :lane AND n > :after AND n <= :through
    """
)


class LogLaneLedger:
    """Reads the log's tables in the caller's session; needs the exchange's reach.

    A lane's opening has n = 0 and its calls count from 1 without a gap, as the log enforces.
    """

    def lanes(
        self,
        session: Session,
        licence_id: LicenceId,
        *,
        from_at: datetime,
        until_at: datetime,
        opening_counts: Mapping[int, int] | None = None,
    ) -> list[LaneSpan]:
        """See `LaneLedger.lanes`; about 2·log₂(calls) look-ups a lane, whatever the period."""
        spans = []
        for lane, last_n in _ends(session, licence_id):
            reader = _LaneReader(session, licence_id, lane)
            closing_n = reader.last_before(until_at, last_n)
            if closing_n is None:
                continue
            before_n = reader.last_before(from_at, closing_n) or 0
            opening_n = before_n if opening_counts is None else opening_counts.get(lane, 0)
            # An earlier invoice may have closed where this period's clock has not yet come to.
            closing_n = max(opening_n, closing_n)
            spans.append(reader.span((opening_n, closing_n), before_n))
        return spans

    def spans_between(
        self,
        session: Session,
        licence_id: LicenceId,
        ends: Mapping[int, tuple[int, int]],
        *,
        from_at: datetime,
    ) -> list[LaneSpan]:
        """See `LaneLedger.spans_between`."""
        spans = []
        for lane, (opening_n, closing_n) in sorted(ends.items()):
            reader = _LaneReader(session, licence_id, lane)
            before_n = reader.last_before(from_at, closing_n) or 0
            spans.append(reader.span((opening_n, closing_n), before_n))
        return spans

    def recount(
        self, session: Session, licence_id: LicenceId, lane: int, ends: tuple[int, int]
    ) -> LaneCount:
        """See `LaneLedger.recount`; reads every leaf in between, in the database."""
        arguments = {"licence_id": licence_id, "lane": lane, "after": ends[0], "through": ends[1]}
        row = session.execute(_RECOUNT, arguments).one()
        return LaneCount(row.calls, row.units, row.amount)

    def prove(
        self, session: Session, leaf_hashes: Sequence[str], *, key_name: str = ""
    ) -> LedgerProofs | None:
        """See `LaneLedger.prove`; a leaf of an earlier shard stands under that one's last head."""
        wanted = [bytes.fromhex(leaf_hash) for leaf_hash in dict.fromkeys(leaf_hashes)]
        placed = _placed(session, wanted)
        newest = _newest_checkpoint(session)
        if newest is None or len(placed) < len(wanted):
            return None
        shards = {row.shard for row in placed.values()}
        heads, links = _heads_behind(session, newest, shards, key_name.rpartition("/")[0])
        if any(
            row.shard not in heads or row.place >= heads[row.shard].tree_size
            for row in placed.values()
        ):
            return None
        nodes = {shard: stored_nodes(session, shard) for shard in shards}
        leaves = {
            leaf_hash.hex(): ProvenLeaf(
                bytes(row.body),
                row.place,
                tuple(
                    make_inclusion_proof(nodes[row.shard], row.place, heads[row.shard].tree_size)
                ),
                origin="" if row.shard == newest.shard else _origin_of(heads[row.shard]),
            )
            for leaf_hash, row in placed.items()
        }
        return LedgerProofs(newest.text, leaves, tuple(link.document for link in links))


class _LaneReader:
    """Leaves of one lane by n, each read once."""

    def __init__(self, session: Session, licence_id: LicenceId, lane: int) -> None:
        self._session = session
        self._licence_id = licence_id
        self._lane = lane
        self._leaves: dict[int, tuple[str, bytes, dict[str, Any]]] = {}

    def span(self, ends: tuple[int, int], before_n: int) -> LaneSpan:
        """From the opening to the closing n; ``before_n`` is the last one before the period."""
        opening_n, closing_n = ends
        carried = max(min(before_n, closing_n) - opening_n, 0)
        return LaneSpan(self._lane, self.leaf(opening_n), self.leaf(closing_n), carried)

    def leaf(self, n: int) -> LaneLeaf:
        """The lane's n-th leaf; its opening (n = 0) has no totals yet."""
        leaf_hash, entry, body = self._read(n)
        return LaneLeaf(
            n=n,
            total_units=body.get("total_units", 0),
            total_amount=int(body.get("total_amount", "0")),
            leaf_hash=leaf_hash,
            entry=entry,
        )

    def last_before(self, instant: datetime, last_n: int) -> int | None:
        """The last n up to ``last_n`` whose leaf is older than the instant; None without one.

        Leaves carry the instant that anybody can check; a lane's instants rise with n. Where two
        do not, the answer is still a leaf before the instant that is followed by one not before.
        """
        bound = iso_instant(instant)
        first_at_or_after = bisect_left(range(last_n + 1), bound, key=self._at)
        return first_at_or_after - 1 if first_at_or_after else None

    def _at(self, n: int) -> str:
        at: str = self._read(n)[2]["at"]
        return at

    def _read(self, n: int) -> tuple[str, bytes, dict[str, Any]]:
        if n not in self._leaves:
            row = self._session.execute(
                select(LogEntry.leaf_hash, LogEntry.body).where(
                    LogEntry.licence_id == self._licence_id,
                    LogEntry.lane == self._lane,
                    LogEntry.n == n,
                )
            ).one_or_none()
            if row is None:
                raise LeafMissing(self._lane, n)
            body = bytes(row.body)
            self._leaves[n] = (bytes(row.leaf_hash).hex(), body, json.loads(body))
        return self._leaves[n]


def _ends(session: Session, licence_id: LicenceId) -> list[tuple[int, int]]:
    """Each lane of the licence and its last n, by lane number."""
    statement = (
        select(LogEntry.lane, func.max(LogEntry.n))
        .where(LogEntry.licence_id == licence_id)
        .group_by(LogEntry.lane)
        .order_by(LogEntry.lane)
    )
    # Entries outside lanes have neither lane nor n.
    return [
        (lane, last_n)
        for lane, last_n in session.execute(statement)
        if lane is not None and last_n is not None
    ]


def _placed(session: Session, leaf_hashes: Sequence[bytes]) -> dict[bytes, Any]:
    """Those of the leaves that stand in a tree, by hash, with shard and place."""
    statement = (
        select(
            LogEntry.leaf_hash,
            LogEntry.body,
            LogPosition.shard,
            LogPosition.index.label("place"),
        )
        .join(LogPosition, LogPosition.arrival == LogEntry.arrival)
        .where(LogEntry.leaf_hash.in_(leaf_hashes))
        .order_by(LogPosition.shard)
    )
    return {bytes(row.leaf_hash): row for row in session.execute(statement)}


def _newest_checkpoint(session: Session) -> SignedCheckpoint | None:
    """The open shard's newest checkpoint; right after a turn, the closed one's last."""
    newest_first = select(SignedCheckpoint).order_by(
        SignedCheckpoint.shard.desc(), SignedCheckpoint.tree_size.desc()
    )
    return session.scalar(newest_first.limit(1))


def _heads_behind(
    session: Session, newest: SignedCheckpoint, shards: set[int], key_origin: str
) -> tuple[dict[int, SignedCheckpoint], list[Link]]:
    """The heads of the wanted shards, and the links from the newest back to the oldest of them.

    The links also reach the shard that the signing key is named after.
    """
    heads, links, named = {newest.shard: newest}, [], {_origin_of(newest)}
    for link in links_behind(session, newest):
        if shards <= heads.keys() and (not key_origin or key_origin in named):
            break
        links.append(link)
        heads[link.checkpoint.shard] = link.checkpoint
        named.add(_origin_of(link.checkpoint))
    return heads, links


def _origin_of(checkpoint: SignedCheckpoint) -> str:
    return checkpoint.text.partition("\n")[0]
