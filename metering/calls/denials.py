"""Refusals and failures are free and counted: in memory per call, in the database now and then."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from metering.calls.denial_models import BEYOND_KINDS
from metering.connections import Connections

KINDS_MAX = 10_000
"""Beyond so many different counts between two writes, further ones fall under `BEYOND_KINDS`."""

WRITE = """
INSERT INTO denial_counts AS d (hour, denial_id, licence_id, slug, buyer_id, calls_count)
SELECT date_trunc('hour', %s::timestamptz), denial_id, licence_id, slug, nullif(buyer_id, ''),
    calls_count
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[])
    AS counted (denial_id, licence_id, slug, buyer_id, calls_count)
ON CONFLICT (licence_id, slug, hour)
DO UPDATE SET calls_count = d.calls_count + excluded.calls_count
"""


class DenialCounts:
    """Counts by licence and slug; those of unknown keys are nobody's."""

    def __init__(self, connections: Connections, new_id: Callable[[], str]) -> None:
        self._connections = connections
        self._new_id = new_id
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._lock = threading.Lock()

    def count(self, licence_id: str, slug: str, buyer_id: str) -> None:
        """Count one refusal."""
        with self._lock:
            if len(self._counts) >= KINDS_MAX:
                licence_id, slug, buyer_id = "", BEYOND_KINDS, ""
            self._counts[licence_id, slug, buyer_id] += 1

    def write(self, at: datetime) -> None:
        """Add the counts to the database; what cannot be written is kept for the next time."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        rows = [(self._new_id(), *key, number) for key, number in sorted(counts.items())]
        try:
            with self._connections.transaction() as connection:
                connection.execute(WRITE, (at, *map(list, zip(*rows, strict=True))))
        except Exception:
            with self._lock:
                self._counts.update(counts)
            raise
