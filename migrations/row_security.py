"""Row-level security, the second lock: policies over the reach that each transaction declares."""

from collections.abc import Sequence
from typing import Any

_REACH = "current_setting('counterfoil.reach', true)"
_ORGANISATION = "current_setting('counterfoil.organisation', true)"
_EXCHANGE = f"{_REACH} = 'exchange'"


def _enable(op: Any, table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    # FORCE: the tables' owner is the application's own role, which must not pass by.
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def protect(op: Any, table: str, *, owners: Sequence[str], public: str | None = None) -> None:
    """Rows belong to the organisations in the ``owners`` columns; ``public`` opens reading.

    ``public`` is an SQL predicate over the row; rows that meet it may be read by anybody.
    """
    own = " OR ".join(f"{column} = {_ORGANISATION}" for column in owners)
    predicate = f"{_EXCHANGE} OR ({_REACH} = 'organisation' AND ({own}))"
    _enable(op, table)
    op.execute(
        f"CREATE POLICY {table}_owners ON {table} USING ({predicate}) WITH CHECK ({predicate})"
    )
    if public is not None:
        op.execute(f"CREATE POLICY {table}_public ON {table} FOR SELECT USING ({public})")


def exchange_only(op: Any, table: str) -> None:
    """Only the exchange's own reach touches the table."""
    _enable(op, table)
    op.execute(
        f"CREATE POLICY {table}_exchange ON {table} USING ({_EXCHANGE}) WITH CHECK ({_EXCHANGE})"
    )


def open_to_all(op: Any, table: str) -> None:
    """Everybody reads; only the exchange writes. Say at the call why nothing here is private."""
    exchange_only(op, table)
    op.execute(f"CREATE POLICY {table}_readable ON {table} FOR SELECT USING (true)")
