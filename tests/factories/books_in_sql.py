"""The books' functions in SQL by their names, on a connection of the application's role."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import dict_row, scalar_row

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
LATER = AT + timedelta(days=1)
B, S, E = "org_b", "org_s", "exchange"
BANK, WALLET, PAYABLE = f"{E}/bank/CNY", f"{B}/wallet/CNY", f"{S}/payable/CNY"
TOP_UP = ((WALLET, 100), (BANK, -100))
ACCOUNTS = [
    *((owner, kind, "CNY") for owner in (B, S) for kind in ("wallet", "receivable", "payable")),
    (B, "wallet", "USD"),
    *((E, kind, currency) for kind in ("bank", "commission") for currency in ("CNY", "USD")),
]
POST = """
SELECT journal_post('top_up', %(reference)s, %(occurred)s, %(booked)s, %(reverses)s, %(lease)s,
    %(licence)s, %(order)s, %(accounts)s, %(amounts)s)
"""
POST_CALLS = """
SELECT journal_post_calls(%(at)s, %(references)s, %(leases)s, %(licences)s, %(counts)s::bigint[],
    %(places)s::bigint[], %(lines)s::bigint[], %(accounts)s, %(amounts)s::bigint[])
"""


class Books:
    """The functions by their names, on one connection of the application's role."""

    def __init__(self, connection):
        self.connection = connection

    def scalar(self, statement, parameters=()):
        return (
            self.connection.cursor(row_factory=scalar_row).execute(statement, parameters).fetchone()
        )

    def rows(self, statement, parameters=()):
        return (
            self.connection.cursor(row_factory=dict_row).execute(statement, parameters).fetchall()
        )

    def post(self, reference, lines, **facts):
        given = dict.fromkeys(("reverses", "lease", "licence", "order")) | facts
        given |= {"reference": reference, "occurred": AT, "booked": LATER}
        accounts, amounts = [name for name, _ in lines], [amount for _, amount in lines]
        return self.scalar(POST, given | {"accounts": accounts, "amounts": amounts})

    def post_calls(self, *runs):
        """Each run is (reference, lease, ((line, account, amount), …))."""
        placed = [(place, *each) for place, run in enumerate(runs, 1) for each in run[2]]
        return self.scalar(
            POST_CALLS,
            {
                "at": LATER,
                "references": [reference for reference, _, _ in runs],
                "leases": [lease for _, lease, _ in runs],
                "licences": [f"licence of {reference}" for reference, _, _ in runs],
                "counts": [len(lines) for _, _, lines in runs],
                "places": [each[0] for each in placed],
                "lines": [each[1] for each in placed],
                "accounts": [each[2] for each in placed],
                "amounts": [each[3] for each in placed],
            },
        )

    def reserve(self, lease, wanted, *, least=1, owner=B, currency="CNY"):
        given = (lease, owner, currency, wanted, least, AT)
        return self.scalar("SELECT wallet_reserve(%s, %s, %s, %s, %s, %s)", given)

    def settle(self, lease, spent):
        self.scalar("SELECT wallet_settle(%s, %s, %s)", (lease, spent, LATER))

    def wallet(self, owner=B, currency="CNY"):
        """Balance and what is leased of it."""
        (row,) = self.rows(
            "SELECT balance_amount, pending_amount FROM wallets"
            " WHERE organisation_id = %s AND currency = %s",
            (owner, currency),
        )
        return tuple(row.values())

    def refused(self, step, *arguments, **named):
        """The SQL state in which the step is refused; nothing of it stays."""
        with pytest.raises(psycopg.Error) as refusal, self.connection.transaction():
            step(*arguments, **named)
        return refusal.value.sqlstate


def opened_books(connection):
    """A buyer with 100 in its wallet and a supplier with an empty one, committed."""
    made = Books(connection)
    for owner, kind, currency in ACCOUNTS:
        name = f"{owner}/{kind}/{currency}"
        made.connection.execute(
            "INSERT INTO journal_accounts VALUES (%s, %s, %s, %s, %s)",
            (name, owner, kind, currency, AT),
        )
        if kind == "wallet":
            made.connection.execute(
                "INSERT INTO wallets (organisation_id, currency, account_id, opened_at)"
                " VALUES (%s, %s, %s, %s)",
                (owner, currency, name, AT),
            )
    made.post("tup_1", TOP_UP)
    made.connection.commit()
    return made


def run(amount, *, account=WALLET):
    """The lines of a run of calls."""
    return ((1, account, -amount), (2, PAYABLE, amount))
