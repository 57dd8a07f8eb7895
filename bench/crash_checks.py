"""What the exchange's tables say about what the callers hold."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

import psycopg

from bench.crash_load import Acknowledged

_STRANDED = (
    "SELECT count(*) FROM leases WHERE closed_at IS NULL",
    "SELECT count(*) FROM wallet_leases WHERE closed_at IS NULL",
    """
    SELECT count(*) FROM entitlements WHERE leased_calls <> 0 OR leased_units <> 0
        OR leased_free_units <> 0 OR leased_amount <> 0
    """,
    "SELECT count(*) FROM wallets WHERE pending_amount <> 0",
)
_OVERSOLD = (
    """
    SELECT coalesce(sum(greatest(used.units - granted_units, 0)), 0) FROM entitlements
    JOIN (SELECT licence_id, sum(units) AS units FROM usage_events GROUP BY 1) used
        USING (licence_id)
    WHERE granted_units IS NOT NULL
    """,
    """
    SELECT coalesce(sum(greatest(spent_units + leased_units - granted_units, 0)), 0)
    FROM entitlements WHERE granted_units IS NOT NULL
    """,
    "SELECT count(*) FROM wallets WHERE balance_amount < 0 OR pending_amount > balance_amount",
)
_UNBALANCED = (
    """
    SELECT count(*) FROM (
        SELECT 1 FROM postings GROUP BY transaction_id, currency HAVING sum(amount) <> 0
    ) AS crooked
    """,
    # What the entitlements count as spent is what the events say.
    """
    SELECT count(*) FROM entitlements LEFT JOIN (
        SELECT licence_id, sum(units) AS units, sum(amount) AS amount, count(*) AS calls
        FROM usage_events GROUP BY 1
    ) used USING (licence_id)
    WHERE spent_amount <> coalesce(used.amount, 0) OR spent_units <> coalesce(used.units, 0)
        OR spent_calls <> coalesce(used.calls, 0)
    """,
    # What left the buyers' wallets under leases is what the events say.
    """
    SELECT count(*) FROM (
        SELECT licence_id, sum(amount) AS amount FROM usage_events GROUP BY 1
    ) used LEFT JOIN (
        SELECT licence_id, -sum(p.amount) AS amount FROM journal_transactions
        JOIN postings p USING (transaction_id) JOIN journal_accounts a USING (account_id)
        WHERE a.kind = 'wallet' AND lease_id IS NOT NULL GROUP BY 1
    ) booked USING (licence_id)
    WHERE used.amount <> coalesce(booked.amount, 0)
    """,
)
_GAPS = (
    """
    SELECT count(*) FROM (
        SELECT lane_id FROM usage_events GROUP BY 1
        HAVING count(*) <> max(n) OR min(n) <> 1 OR count(DISTINCT n) <> count(*)
    ) AS torn
    """,
    """
    SELECT count(*) FROM usage_events u
    WHERE NOT EXISTS (SELECT 1 FROM log_entries l WHERE l.leaf_hash = u.leaf_hash)
    """,
)


class Books:
    """The tables, seen with the exchange's own reach."""

    def __init__(self, database_url: str) -> None:
        self._connection = psycopg.connect(database_url, autocommit=True)
        self._connection.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def _sum(self, queries: Sequence[str]) -> int:
        return sum(int(self.rows(query)[0][0]) for query in queries)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds."""
        return self._connection.execute(query.encode()).fetchall()

    def stranded_leases(self) -> int:
        """Leases that nobody works under any more, and what they still hold."""
        return self._sum(_STRANDED)

    def compare(self, held: Sequence[Acknowledged]) -> dict[str, int]:
        """What was lost, doubled, oversold and left unbalanced, and how many events there are."""
        events = {
            (licence_id, lane, n): bytes(leaf_hash)
            for licence_id, lane, n, leaf_hash in self.rows(
                "SELECT licence_id, lane, n, leaf_hash FROM usage_events"
            )
        }
        count = int(self.rows("SELECT count(*) FROM usage_events")[0][0])
        return {
            "events": count,
            "lost": _missing(held, events) + self._sum(_GAPS),
            "doubled": _repeated(held) + max(count - len(held), 0),
            "oversold_units": self._sum(_OVERSOLD),
            "unbalanced": self._sum(_UNBALANCED),
        }


def _missing(held: Sequence[Acknowledged], events: dict[tuple[str, int, int], bytes]) -> int:
    """Receipts whose leaf is not the event of that lane and number."""
    return sum(
        events.get((each.licence_id, each.lane, each.n))
        != hashlib.sha256(b"\x00" + each.leaf).digest()
        for each in held
    )


def _repeated(held: Sequence[Acknowledged]) -> int:
    """Two calls under one event, or one call under two."""
    points = Counter((each.licence_id, each.lane, each.n) for each in held)
    keys = Counter(each.key for each in held)
    return sum(count - 1 for counts in (points, keys) for count in counts.values())
