"""How long suppliers' systems take, and how old what they answer is: counted, never kept.

Counted in memory on every answer, so the path is short: an addition under a lock. Written now and
then, by listing and day in China, in buckets (`app.core.histograms`).
"""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from app.core.exchange_calendar import day_of
from app.core.histograms import bucket_of
from metering.connections import Connections

LISTINGS_MAX = 2_000
"""Beyond so many listings between two writes, further ones are not timed until the next."""
LATENCY, LAG = "LATENCY_US", "LAG_S"
_DAY_SECONDS = 86_400

WRITE = """
INSERT INTO answer_times AS t (listing_code, day, kind, bucket, supplier_id, answers_count)
SELECT u.listing_code, %s::date, u.kind, u.bucket, u.supplier_id, u.answers_count
FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::bigint[])
    AS u (listing_code, kind, bucket, supplier_id, answers_count)
ON CONFLICT (listing_code, day, kind, bucket)
DO UPDATE SET answers_count = t.answers_count + excluded.answers_count
"""

# The newest event ever seen, whatever day that was: a later one is an update of the data.
NOTE = """
INSERT INTO event_times AS t
    (listing_code, day, supplier_id, newest_event_at, seen_at, updates_count)
SELECT u.listing_code, %s::date, u.supplier_id, u.newest_event_at, %s,
    CASE WHEN u.newest_event_at > coalesce((SELECT max(b.newest_event_at) FROM event_times b
        WHERE b.listing_code = u.listing_code), '-infinity') THEN 1 ELSE 0 END
FROM unnest(%s::text[], %s::text[], %s::timestamptz[])
    AS u (listing_code, supplier_id, newest_event_at)
ON CONFLICT (listing_code, day) DO UPDATE SET
    newest_event_at = greatest(t.newest_event_at, excluded.newest_event_at),
    seen_at = greatest(t.seen_at, excluded.seen_at),
    updates_count = t.updates_count + excluded.updates_count
"""


def _seconds(age: timedelta) -> int:
    # Whole seconds by hand: this runs on every dated answer, and // of a timedelta is slow.
    return age.days * _DAY_SECONDS + age.seconds


class AnswerTimes:
    """Counts by listing; never who called, never what was answered."""

    def __init__(self, connections: Connections, now: Callable[[], datetime]) -> None:
        self._connections = connections
        self._now = now
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._suppliers: dict[str, str] = {}
        self._newest: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def count(
        self,
        listing_code: str,
        supplier_id: str,
        nanoseconds: int,
        event_at: datetime | None = None,
    ) -> None:
        """Count one answer: how long it took, and when what it tells of happened."""
        lag = None if event_at is None else _seconds(self._now() - event_at)
        with self._lock:
            if listing_code not in self._suppliers:
                if len(self._suppliers) >= LISTINGS_MAX:
                    return
                self._suppliers[listing_code] = supplier_id
            self._counts[listing_code, LATENCY, bucket_of(nanoseconds // 1_000)] += 1
            if lag is not None and event_at is not None:
                self._counts[listing_code, LAG, bucket_of(lag)] += 1
                known = self._newest.get(listing_code)
                if known is None or event_at > known:
                    self._newest[listing_code] = event_at

    def write(self) -> None:
        """Add the counts to the database; what cannot be written is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            suppliers, self._suppliers = self._suppliers, {}
            newest, self._newest = self._newest, {}
        if not counts:
            return
        try:
            self._store(counts, suppliers, newest)
        except Exception:
            with self._lock:
                self._counts.update(counts)
                self._suppliers = {**suppliers, **self._suppliers}
                for code, at in newest.items():
                    self._newest[code] = max(at, self._newest.get(code, at))
            raise

    def _store(
        self,
        counts: "Counter[tuple[str, str, int]]",
        suppliers: dict[str, str],
        newest: dict[str, datetime],
    ) -> None:
        now = self._now()
        day = day_of(now)
        # Sorted, so that all processes lock the rows in one order.
        rows = [(*key[:3], suppliers[key[0]], number) for key, number in sorted(counts.items())]
        seen = [(code, suppliers[code], at) for code, at in sorted(newest.items())]
        with self._connections.transaction() as connection:
            connection.execute(WRITE, (day, *map(list, zip(*rows, strict=True))))
            if seen:
                connection.execute(NOTE, (day, now, *map(list, zip(*seen, strict=True))))
