"""A call between its answer and its commit: what a committing thread needs, and its verdict."""

import time
from dataclasses import dataclass, field
from enum import Enum

from metering.leases.meters import Meter, Reservation
from metering.plans.rating import Charge
from metering.signing.stored import SealedRequest
from metering.views import ConsentView, KeyView
from metering.waiting import Signal


class Verdict(Enum):
    """What became of a call at its commit."""

    WAITING = 0
    RECORDED = 1
    """Durable: event, charge and leaf are on the disk."""
    CHANGED = 2
    """Licence, key or listing changed since it was decided: decide again."""
    ANSWERED_BEFORE = 3
    """Another call with the same Idempotency-Key was recorded first: replay its answer."""
    LANE_LOST = 4
    """This worker's lane went to another; the call was not recorded."""
    SIGNED_BEFORE = 6
    """A recorded call rests on the same signed request; this one was not recorded."""
    FAILED = 5
    """The database did not take it; the call was not recorded."""
    UNKNOWN = 7
    """The connection was lost in its commit, and the database was not there to say the outcome."""


@dataclass(frozen=True, slots=True)
class KeyedAnswer:
    """What a retry with the same Idempotency-Key will be answered from."""

    idempotency_key: str
    status: int
    sealed: bytes
    """Fingerprint of the input and body of the answer, encrypted: both may be personal."""


@dataclass(slots=True, eq=False)
class PendingCall:
    """One answered call; digests in hexadecimal."""

    key: KeyView
    meter: Meter
    reservation: Reservation
    charge: Charge
    outcome: str
    request: str
    response: str
    detail_digest: str
    detail: bytes
    detail_key: bytes
    blind: str
    decided: Signal
    """Rung when the verdict is there."""
    keyed: KeyedAnswer | None = None
    consent: ConsentView | None = None
    """What the call rests on where the data is about a person."""
    signed: SealedRequest | None = None
    signed_digest: str | None = None
    """What the buyer signed, and the leaf's commitment to it, where the licence asks for it."""
    since: float = field(default_factory=time.monotonic)
    """When it began to wait for its commit, on the process's monotonic clock."""
    verdict: Verdict = Verdict.WAITING
    is_uncertain: bool = False
    """An attempt to commit it was not answered: it may be on the disk, or come there late."""
    n: int = 0
    lane: int = 0
    lane_id: str = ""
    at: str = ""
    leaf: bytes = b""
    leaf_hash: bytes = b""

    @property
    def answer_key(self) -> tuple[str, str] | None:
        """What no two recorded calls may share."""
        if self.keyed is None:
            return None
        return self.meter.licence_id, self.keyed.idempotency_key

    def conclude(self, verdict: Verdict) -> None:
        """Return what the call did not use; whoever concludes calls then rings their signals."""
        self.verdict = verdict
        self.meter.settle(self.reservation, self.charge if verdict is Verdict.RECORDED else None)
