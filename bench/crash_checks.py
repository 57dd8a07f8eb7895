"""What the exchange's tables say about what the callers hold."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Self

import psycopg

from bench.crash_load import Acknowledged, Answers

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

# A commit is one transaction, which its rows name.
_BATCHES = """
    SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY calls), max(calls)
    FROM (SELECT count(*) AS calls FROM usage_events GROUP BY xmin::text) AS commits
"""

# The detail's commitment is in the leaf, so a call's name is as good as its receipt.
_NAMES = "SELECT convert_from(detail, 'UTF8')::json ->> 'request_id' FROM usage_events"


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

    def batches(self) -> dict[str, int | None]:
        """How many calls one commit had: what was under way together when processes died."""
        median, most = self.rows(_BATCHES)[0]
        return {"median": median, "most": most}

    def compare(self, answers: Answers) -> dict[str, int]:
        """What was lost, doubled, oversold and left unbalanced, and how many events there are."""
        held = answers.acknowledged
        events = {
            (licence_id, lane, n): bytes(leaf_hash)
            for licence_id, lane, n, leaf_hash in self.rows(
                "SELECT licence_id, lane, n, leaf_hash FROM usage_events"
            )
        }
        recorded = Counter(name for (name,) in self.rows(_NAMES))
        return {
            "events": recorded.total(),
            "lost": _missing(held, events) + _unrecorded(held, recorded) + self._sum(_GAPS),
            "doubled": _repeated(held) + surplus(recorded, answers.may_be_recorded),
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


def _unrecorded(held: Sequence[Acknowledged], recorded: Counter[str]) -> int:
    """Calls that were answered with a receipt and are nobody's event."""
    return sum(not recorded[each.name] for each in held)


def _repeated(held: Sequence[Acknowledged]) -> int:
    """Two calls under one event, or one call answered twice."""
    points = Counter((each.licence_id, each.lane, each.n) for each in held)
    names = Counter(each.name for each in held)
    return sum(count - 1 for counts in (points, names) for count in counts.values())


def surplus(recorded: Counter[str], may_be_recorded: AbstractSet[str]) -> int:
    """Events beyond one a call, and beyond none of calls that were refused or never sent."""
    return sum(count - (name in may_be_recorded) for name, count in recorded.items())
