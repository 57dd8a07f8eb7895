"""Writes a batch of calls in one transaction of few round trips: all of it durable, or none."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from app.core.ids import IdSource
from metering.fences import SHARE_FENCES
from metering.lane_batches import LaneBatch
from metering.pending_calls import PendingCall
from metering.ports import CallBooks, CallLog

Connection = psycopg.Connection[Any]

READ_REVISIONS = """
SELECT e.licence_id, e.revision, r.revision
FROM entitlements AS e JOIN delivery_routes AS r ON r.version_id = e.version_id
WHERE e.licence_id = ANY(%s)
"""
INSERT_ANSWERS = """
INSERT INTO call_answers (licence_id, idempotency_key, buyer_id, status, outcome, sealed,
                          lane_id, n, occurred_at, expires_at)
SELECT answers.*, %s::timestamptz, %s::timestamptz
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::bytea[], %s::text[],
            %s::bigint[])
     AS answers
ON CONFLICT DO NOTHING RETURNING licence_id, idempotency_key
"""
# Compare and set: epoch and sequence are what this worker believes, or the lane is not its own.
ADVANCE_LANES = """
UPDATE lanes AS l SET sequence = v.sequence, total_units = v.total_units,
    total_amount = v.total_amount, last_leaf_hash = v.last_leaf_hash,
    expires_at = greatest(l.expires_at, %s)
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
            %s::bytea[])
     AS v (lane_id, epoch, opening, sequence, total_units, total_amount, last_leaf_hash)
WHERE l.lane_id = v.lane_id AND l.epoch = v.epoch AND l.sequence = v.opening
RETURNING l.lane_id
"""
SPEND_LEASES = """
UPDATE leases AS l SET spent_calls = l.spent_calls + v.calls,
    spent_units = l.spent_units + v.units, spent_free_units = l.spent_free_units + v.free_units,
    spent_amount = l.spent_amount + v.amount
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
     AS v (lease_id, calls, units, free_units, amount)
WHERE l.lease_id = v.lease_id AND l.closed_at IS NULL
RETURNING l.lane_id
"""
INSERT_EVENTS = """
INSERT INTO usage_events (occurred_at, event_id, licence_id, lane_id, lane, n, lease_id, buyer_id,
                          supplier_id, listing_code, key_id, outcome, units, free_units, amount,
                          currency, leaf_hash, leaf, detail, detail_key)
SELECT %s::timestamptz, *
FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
            %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[],
            %s::bigint[], %s::text[], %s::bytea[], %s::bytea[], %s::bytea[], %s::bytea[])
"""
READ_LANES = "SELECT lane_id, sequence, last_leaf_hash FROM lanes WHERE lane_id = ANY(%s)"


class BatchRefused(Exception):
    """Some calls cannot be part of the batch; without them it can be tried again."""

    def __init__(self, calls: Sequence[PendingCall]) -> None:
        super().__init__()
        self.calls = calls


class AuthorityChanged(BatchRefused):
    """Licence, key or route changed after these calls were decided."""


class AnswersExist(BatchRefused):
    """Other calls with the same Idempotency-Keys are recorded."""


class LanesLost(BatchRefused):
    """The lanes or leases of these calls are no longer this worker's."""


@dataclass(frozen=True, kw_only=True)
class CommitStore:
    """The committing thread's statements."""

    ids: IdSource
    books: CallBooks
    log: CallLog
    answer_keep_seconds: float
    lease_seconds: float

    def write(self, connection: Connection, batches: Sequence[LaneBatch], at: datetime) -> None:
        """Write everything and commit; raises `BatchRefused` with nothing written."""
        calls = [call for batch in batches for call in batch.calls]
        with (
            connection.pipeline() as pipeline,
            connection.transaction(),
            connection.cursor(binary=True) as cursor,
        ):
            revisions = _share_fences(connection, calls)
            answers = self._insert_answers(connection, calls, batches, at)
            expires_at = at + timedelta(seconds=self.lease_seconds)
            advanced = _advance(connection, batches, expires_at)
            spent = _spend(connection, batches)
            pipeline.sync()
            # Checked before anything is booked: a lost lane is a fact, not a failure of the books.
            _check_authority(revisions, calls)
            _check_answers(answers, calls)
            _check_lanes(advanced, spent, batches)
            cursor.execute(INSERT_EVENTS, (at, *self._event_columns(batches)), binary=True)
            self._post(cursor, batches, at)
            self.log.append_leaves(cursor, [_leaf_row(call) for call in calls])

    def _insert_answers(
        self,
        connection: Connection,
        calls: Iterable[PendingCall],
        batches: Sequence[LaneBatch],
        at: datetime,
    ) -> "psycopg.Cursor[Any] | None":
        keyed = [call for call in calls if call.keyed is not None]
        if not keyed:
            return None
        lane_ids = {id(call): batch.lane.lane_id for batch in batches for call in batch.calls}
        # Sorted, so that two committers with the same keys cannot wait for each other in a ring.
        keyed.sort(key=lambda call: call.answer_key or ("", ""))
        rows = [
            (
                call.meter.licence_id,
                call.keyed.idempotency_key,
                call.meter.buyer_id,
                call.keyed.status,
                call.outcome,
                call.keyed.sealed,
                lane_ids[id(call)],
                call.n,
            )
            for call in keyed
            if call.keyed is not None
        ]
        expires_at = at + timedelta(seconds=self.answer_keep_seconds)
        return connection.execute(INSERT_ANSWERS, (at, expires_at, *_columns(rows)))

    def _event_columns(self, batches: Sequence[LaneBatch]) -> list[list[Any]]:
        rows = []
        for batch in batches:
            for call in batch.calls:
                licence, charge = call.key.licence, call.charge
                rows.append(
                    (
                        self.ids.new("use"),
                        licence.licence_id,
                        batch.lane.lane_id,
                        call.lane,
                        call.n,
                        call.reservation.lease.lease_id,
                        licence.buyer_id,
                        licence.supplier_id,
                        licence.listing_code,
                        call.key.key_id,
                        call.outcome,
                        charge.units,
                        charge.free_units,
                        charge.amount,
                        licence.currency,
                        call.leaf_hash,
                        call.leaf,
                        call.detail,
                        call.detail_key,
                    )
                )
        return _columns(rows)

    def _post(
        self, cursor: "psycopg.Cursor[Any]", batches: Sequence[LaneBatch], at: datetime
    ) -> None:
        for batch in batches:
            licence = batch.calls[0].key.licence
            for share in batch.shares:
                if not share.amount:
                    continue  # free, or paid with the package: there is no money to move
                self.books.post_usage(
                    cursor,
                    lane_id=batch.lane.lane_id,
                    licence_id=licence.licence_id,
                    buyer_id=licence.buyer_id,
                    supplier_id=licence.supplier_id,
                    currency=licence.currency,
                    lease_id=share.lease_id,
                    first_n=share.first_n,
                    last_n=share.last_n,
                    amount=share.amount,
                    total_amount_before=share.total_amount_before,
                    split=licence.split,
                    booked_at=at,
                )


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _leaf_row(call: PendingCall) -> tuple[bytes, bytes, str, str, int, int]:
    return call.leaf_hash, call.leaf, "call", call.meter.licence_id, call.lane, call.n


def _share_fences(connection: Connection, calls: Sequence[PendingCall]) -> "psycopg.Cursor[Any]":
    """Hold the fences, then read the revisions, in a statement of its own.

    The second statement's snapshot is taken after the fences are held, so it sees every change
    that was committed under them.
    """
    fences = sorted({fence for call in calls for fence in call.key.licence.fences})
    licences = list({call.meter.licence_id for call in calls})
    connection.execute(SHARE_FENCES, (fences,))
    return connection.execute(READ_REVISIONS, (licences,))


def _check_authority(read: "psycopg.Cursor[Any]", calls: Sequence[PendingCall]) -> None:
    """See whether what the calls were decided by still stands."""
    revisions = {row[0]: (row[1], row[2]) for row in read.fetchall()}
    changed = [
        call
        for call in calls
        if revisions.get(call.meter.licence_id)
        != (call.key.licence.revision, call.key.licence.route.revision)
    ]
    if changed:
        raise AuthorityChanged(changed)


def _advance(
    connection: Connection, batches: Sequence[LaneBatch], expires_at: datetime
) -> "psycopg.Cursor[Any]":
    rows = [
        (
            batch.lane.lane_id,
            batch.lane.epoch,
            batch.lane.sequence,
            batch.sequence,
            batch.total_units,
            batch.total_amount,
            batch.last_leaf_hash,
        )
        for batch in batches
    ]
    return connection.execute(ADVANCE_LANES, (expires_at, *_columns(rows)))


def _spend(connection: Connection, batches: Sequence[LaneBatch]) -> "psycopg.Cursor[Any]":
    rows = [
        (
            share.lease_id,
            share.last_n - share.first_n + 1,
            share.units,
            share.free_units,
            share.amount,
        )
        for batch in batches
        for share in batch.shares
    ]
    return connection.execute(SPEND_LEASES, _columns(rows))


def _check_answers(inserted: "psycopg.Cursor[Any] | None", calls: Sequence[PendingCall]) -> None:
    if inserted is None:
        return
    ours = set(inserted.fetchall())
    answered = [call for call in calls if call.keyed is not None and call.answer_key not in ours]
    if answered:
        raise AnswersExist(answered)


def _check_lanes(
    advanced: "psycopg.Cursor[Any]", spent: "psycopg.Cursor[Any]", batches: Sequence[LaneBatch]
) -> None:
    ours = {row[0] for row in advanced.fetchall()}
    shares = Counter(row[0] for row in spent.fetchall())
    lost = [
        batch
        for batch in batches
        if batch.lane.lane_id not in ours or shares[batch.lane.lane_id] != len(batch.shares)
    ]
    if lost:
        raise LanesLost([call for batch in lost for call in batch.calls])


def read_lanes(connection: Connection, lane_ids: Sequence[str]) -> dict[str, tuple[int, bytes]]:
    """Sequence and last leaf hash of lanes as they are on the disk."""
    rows = connection.execute(READ_LANES, (list(lane_ids),)).fetchall()
    return {lane_id: (sequence, bytes(last)) for lane_id, sequence, last in rows}
