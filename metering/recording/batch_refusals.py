"""Why a batch was not written, read from what `metering_refuse` said in the database."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from metering.recording.lane_batches import LaneBatch
from metering.recording.pending_calls import PendingCall


class BatchRefused(Exception):
    """Some calls cannot be part of the batch; without them it can be tried again."""

    def __init__(self, calls: Sequence[PendingCall]) -> None:
        super().__init__()
        self.calls = calls


class AuthorityChanged(BatchRefused):
    """Licence, key, route or consent changed after these calls were decided."""


class AnswersExist(BatchRefused):
    """Other calls with the same Idempotency-Keys are recorded."""


class SignaturesUsed(BatchRefused):
    """Recorded calls rest on the same signed requests."""


class LanesLost(BatchRefused):
    """The lanes or leases of these calls are no longer this worker's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The calls in the order in which the database was asked about them."""

    authorities: Sequence[list[PendingCall]]
    keyed: Sequence[PendingCall]
    consented: Sequence[PendingCall]
    signed: Sequence[PendingCall]


def refusal_of(
    error: psycopg.Error,
    batches: Sequence[LaneBatch],
    asked: Asked,
) -> BatchRefused | None:
    """What `metering_refuse` said, in terms of the calls; None for any other error."""
    if error.sqlstate not in {"MT001", "MT002", "MT003", "MT004", "MT005"}:
        return None
    subjects = json.loads(error.diag.message_detail or "[]")
    if error.sqlstate == "MT001":
        return AuthorityChanged(
            [call for place in subjects for call in asked.authorities[int(place) - 1]]
        )
    if error.sqlstate == "MT004":
        return AuthorityChanged([asked.consented[int(place) - 1] for place in subjects])
    if error.sqlstate == "MT002":
        return AnswersExist([asked.keyed[int(place) - 1] for place in subjects])
    if error.sqlstate == "MT005":
        return SignaturesUsed([asked.signed[int(place) - 1] for place in subjects])
    lost = [batch for batch in batches if batch.lane.lane_id in subjects]
    return LanesLost([call for batch in lost for call in batch.calls])
