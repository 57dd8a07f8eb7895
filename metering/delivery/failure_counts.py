"""Deliveries that failed, counted for their suppliers: in memory per call, written now and then."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.core.clock import Clock
from metering.connections import Connections
from metering.delivery.errors import DeliveryFailed

_log = structlog.get_logger("metering.failures")

COUNTS_MAX = 10_000
"""Beyond so many different counts between two writes no further ones begin; the log says so."""
DETAIL_MAX = 200

WRITE = """
INSERT INTO delivery_failures AS f
    (failure_id, supplier_id, listing_code, hour, kind, calls_count, last_at, last_detail)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[],
                     %s::bigint[], %s::timestamptz[], %s::text[])
ON CONFLICT (listing_code, hour, kind) DO UPDATE SET
    calls_count = f.calls_count + excluded.calls_count,
    last_at = greatest(f.last_at, excluded.last_at),
    last_detail = CASE WHEN excluded.last_at >= f.last_at THEN excluded.last_detail
        ELSE f.last_detail END
"""


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is counted together; sorted, so that all processes lock the rows in one order."""

    listing_code: str
    hour: datetime
    kind: str
    supplier_id: str

    @property
    def order(self) -> tuple[str, datetime, str]:
        return self.listing_code, self.hour, self.kind


@dataclass(slots=True)
class _Count:
    calls_count: int
    last_at: datetime
    last_detail: str


class FailureCounts:
    """Counts by listing, hour and kind; never who called, never what was answered."""

    def __init__(self, connections: Connections, clock: Clock, new_id: Callable[[], str]) -> None:
        self._connections = connections
        self._clock = clock
        self._new_id = new_id
        self._counts: dict[_Subject, _Count] = {}
        self._uncounted = 0
        self._lock = threading.Lock()

    def count(self, listing_code: str, supplier_id: str, failed: DeliveryFailed) -> None:
        """Count one failure."""
        at = self._clock.now()
        hour = at.replace(minute=0, second=0, microsecond=0)
        subject = _Subject(listing_code, hour, failed.failure.value, supplier_id)
        with self._lock:
            if subject not in self._counts and len(self._counts) >= COUNTS_MAX:
                self._uncounted += 1
                return
            _add(self._counts, subject, _Count(1, at, failed.failure_detail[:DETAIL_MAX]))

    def write(self) -> None:
        """Add the counts to the database; what cannot be written is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, {}
            uncounted, self._uncounted = self._uncounted, 0
        if uncounted:
            _log.warning("failures of too many kinds at once", uncounted_calls=uncounted)
        if not counts:
            return
        try:
            with self._connections.transaction() as connection:
                connection.execute(WRITE, self._columns(counts))
        except Exception:
            with self._lock:
                for subject, count in counts.items():
                    _add(self._counts, subject, count)
            raise

    def _columns(self, counts: Mapping[_Subject, _Count]) -> list[list[object]]:
        rows = [
            (
                self._new_id(),
                subject.supplier_id,
                subject.listing_code,
                subject.hour,
                subject.kind,
                counts[subject].calls_count,
                counts[subject].last_at,
                counts[subject].last_detail,
            )
            for subject in sorted(counts, key=lambda subject: subject.order)
        ]
        return [list(column) for column in zip(*rows, strict=True)]


def _add(counts: dict[_Subject, _Count], subject: _Subject, more: _Count) -> None:
    found = counts.get(subject)
    if found is None:
        counts[subject] = more
        return
    found.calls_count += more.calls_count
    if more.last_at >= found.last_at:
        found.last_at, found.last_detail = more.last_at, more.last_detail
