"""Writes a batch of calls in one transaction and one round trip: all of it durable, or none.

Every statement that finds something in the way raises in the database (`metering_refuse`), so that
what follows it in the pipeline is skipped and the commit becomes a rollback.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from app.core.binary_arrays import bigint_array, bytea_array, text_array
from app.core.ids import IdSource
from app.core.round_trips import RoundTrips, Statements, Transaction
from metering.fences import SHARE_FENCES
from metering.leases.meters import early_at
from metering.ports import CallBooks, CallLog, CallRun
from metering.recording.batch_refusals import Asked, refusal_of
from metering.recording.lane_batches import LaneBatch
from metering.recording.pending_calls import PendingCall
from metering.recording.signed_statements import insert_signed, nonce_of
from metering.recording.sql import (
    ADVANCE_LANES,
    CHECK_CONSENTS,
    CHECK_REVISIONS,
    FIND_RECORDED,
    INSERT_ANSWERS,
    INSERT_EVENTS,
    SPEND_LEASES,
)

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, kw_only=True)
class CommitStore:
    """The committing threads' statements."""

    ids: IdSource
    books: CallBooks
    log: CallLog
    answer_keep_seconds: float
    lease_seconds: float

    def write(
        self,
        trips: RoundTrips,
        batches: Sequence[LaneBatch],
        at: datetime,
        *,
        said: Callable[[], None],
    ) -> None:
        """Write everything and commit; raises `BatchRefused` with nothing written.

        ``said`` is called when only the disk is waited for.
        """
        calls = [call for batch in batches for call in batch.calls]
        authorities = _authorities(calls)
        consented = [call for call in calls if call.consent is not None]
        # Sorted, so that two committers with the same keys cannot wait for each other in a ring.
        keyed = sorted(
            (call for call in calls if call.keyed is not None),
            key=lambda call: call.answer_key or ("", ""),
        )
        # As the answers: in one order, whoever commits.
        signed = sorted((call for call in calls if call.signed is not None), key=nonce_of)
        transaction = Transaction()
        _share_fences(transaction, calls)
        _check_authority(transaction, authorities)
        if consented:
            _check_consents(transaction, consented, at)
        if keyed:
            self._insert_answers(transaction, keyed, at)
        if signed:
            insert_signed(transaction, signed, at)
        # Before anything is booked: a lost lane is a fact, not a failure of the books.
        _advance(transaction, batches, at, self.lease_seconds)
        _spend(transaction, batches)
        self._insert_events(transaction, batches, at)
        self.books.post_runs(transaction, _runs(batches), booked_at=at)
        self.log.append_leaves(transaction, [_leaf_row(call) for call in calls])
        try:
            trips.run(transaction, said)
        except psycopg.DatabaseError as error:
            asked = Asked(list(authorities.values()), keyed, consented, signed)
            refused = refusal_of(error, batches, asked)
            if refused is None:
                raise
            raise refused from error

    def _insert_answers(
        self, statements: Statements, keyed: Sequence[PendingCall], at: datetime
    ) -> None:
        answers = [call.keyed for call in keyed if call.keyed is not None]
        statements.execute(
            INSERT_ANSWERS,
            (
                text_array([call.meter.licence_id for call in keyed]),
                text_array([answer.idempotency_key for answer in answers]),
                text_array([call.meter.buyer_id for call in keyed]),
                bigint_array([answer.status for answer in answers]),
                text_array([call.outcome for call in keyed]),
                bytea_array([answer.sealed for answer in answers]),
                text_array([call.lane_id for call in keyed]),
                bigint_array([call.n for call in keyed]),
                at,
                at + timedelta(seconds=self.answer_keep_seconds),
            ),
        )

    def _insert_events(
        self, statements: Statements, batches: Sequence[LaneBatch], at: datetime
    ) -> None:
        licences = [batch.calls[0].key.licence for batch in batches]
        calls = [call for batch in batches for call in batch.calls]
        places = [place for place, batch in enumerate(batches, 1) for _ in batch.calls]
        charges = [call.charge for call in calls]
        statements.execute(
            INSERT_EVENTS,
            (
                text_array([licence.licence_id for licence in licences]),
                text_array([batch.lane.lane_id for batch in batches]),
                bigint_array([batch.lane.names.lane for batch in batches]),
                text_array([licence.buyer_id for licence in licences]),
                text_array([licence.supplier_id for licence in licences]),
                text_array([licence.listing_code for licence in licences]),
                text_array([licence.currency for licence in licences]),
                at,
                bigint_array(places),
                text_array(self.ids.several("use", len(calls))),
                bigint_array([call.n for call in calls]),
                text_array([call.reservation.lease.lease_id for call in calls]),
                text_array([call.key.key_id for call in calls]),
                text_array([call.outcome for call in calls]),
                bigint_array([charge.units for charge in charges]),
                bigint_array([charge.free_units for charge in charges]),
                bigint_array([charge.amount for charge in charges]),
                bytea_array([call.leaf_hash for call in calls]),
                bytea_array([call.leaf for call in calls]),
                bytea_array([call.detail for call in calls]),
                bytea_array([call.detail_key for call in calls]),
            ),
        )


def _leaf_row(call: PendingCall) -> tuple[bytes, bytes, str, str, int, int]:
    return call.leaf_hash, call.leaf, "call", call.meter.licence_id, call.lane, call.n


_Authorities = dict[tuple[str, int, int], list[PendingCall]]


def _authorities(calls: Sequence[PendingCall]) -> _Authorities:
    """The calls by what they were decided by: licence and the revisions of it and its route."""
    found: _Authorities = {}
    for call in calls:
        licence = call.key.licence
        decided_by = (licence.licence_id, licence.revision, licence.route.revision)
        found.setdefault(decided_by, []).append(call)
    return found


def _share_fences(statements: Statements, calls: Sequence[PendingCall]) -> None:
    fences = {fence for call in calls for fence in call.key.licence.fences}
    fences |= {call.consent.fence for call in calls if call.consent is not None}
    statements.execute(SHARE_FENCES, (bigint_array(sorted(fences)),))


def _check_authority(statements: Statements, authorities: _Authorities) -> None:
    """See whether what the calls were decided by still stands."""
    licences, revisions, routes = zip(*authorities, strict=True)
    given = (text_array(licences), bigint_array(revisions), bigint_array(routes))
    statements.execute(CHECK_REVISIONS, given)


def _check_consents(statements: Statements, calls: Sequence[PendingCall], at: datetime) -> None:
    """See whether the consents that calls rest on still stand, under their fences."""
    consents = [call.consent.consent_id for call in calls if call.consent is not None]
    statements.execute(CHECK_CONSENTS, (text_array(consents), at))


def _advance(
    statements: Statements, batches: Sequence[LaneBatch], at: datetime, lease_seconds: float
) -> None:
    statements.execute(
        ADVANCE_LANES,
        (
            text_array([batch.lane.lane_id for batch in batches]),
            bigint_array([batch.lane.epoch for batch in batches]),
            bigint_array([batch.lane.sequence for batch in batches]),
            bigint_array([batch.sequence for batch in batches]),
            bigint_array([batch.total_units for batch in batches]),
            bigint_array([batch.total_amount for batch in batches]),
            bytea_array([batch.last_leaf_hash for batch in batches]),
            early_at(at, lease_seconds),
            at + timedelta(seconds=lease_seconds),
        ),
    )


def _spend(statements: Statements, batches: Sequence[LaneBatch]) -> None:
    shares = [(batch.lane.lane_id, share) for batch in batches for share in batch.shares]
    statements.execute(
        SPEND_LEASES,
        (
            text_array([lane_id for lane_id, _ in shares]),
            text_array([share.lease_id for _, share in shares]),
            bigint_array([share.last_n - share.first_n + 1 for _, share in shares]),
            bigint_array([share.units for _, share in shares]),
            bigint_array([share.free_units for _, share in shares]),
            bigint_array([share.amount for _, share in shares]),
        ),
    )


def _runs(batches: Sequence[LaneBatch]) -> list[CallRun]:
    runs = []
    for batch in batches:
        licence = batch.calls[0].key.licence
        runs += [
            CallRun(
                batch.lane.lane_id,
                licence.licence_id,
                licence.buyer_id,
                licence.supplier_id,
                licence.currency,
                share.lease_id,
                share.first_n,
                share.last_n,
                share.amount,
                share.total_amount_before,
                licence.split,
            )
            for share in batch.shares
            if share.amount  # else free, or paid with the package: there is no money to move
        ]
    return runs


def find_recorded(connection: Connection, batches: Sequence[LaneBatch], at: datetime) -> set[str]:
    """The lanes whose batch is on the disk: its last call is, and so all before it."""
    given = (
        text_array([batch.lane.lane_id for batch in batches]),
        bigint_array([batch.sequence for batch in batches]),
        bytea_array([batch.last_leaf_hash for batch in batches]),
        at,
    )
    return {lane_id for (lane_id,) in connection.execute(FIND_RECORDED, given)}
