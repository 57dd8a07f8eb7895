"""Leases closed and lanes taken back: what was not spent returns to where it was taken from."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

from metering.leases import sql
from metering.ports import Wallets

Connection = psycopg.Connection[Any]


def close_leases(
    connection: Connection,
    wallets: Wallets,
    lane_id: str,
    lease_ids: Sequence[str] | None,
    *,
    at: datetime,
) -> int:
    """Close a lane's open leases (all, or those named) and return what was not spent."""
    given: Mapping[str, Any] = {"lane_id": lane_id, "lease_ids": lease_ids, "at": at}
    closed = connection.execute(sql.CLOSE_LEASES, given).fetchall()
    for lease_id, amount, spent_amount in closed:
        if amount:
            wallets.settle(connection, lease_id=lease_id, spent_amount=spent_amount)
    return len(closed)


def reclaim_lanes(connection: Connection, wallets: Wallets, *, at: datetime, limit: int) -> int:
    """Take lanes back whose worker let them expire; their leases return but for what was spent.

    What was spent is what the durable events show: a lease's spent counts are written in the same
    transaction as the events. Runs in the connection's transaction; any worker may run it.
    """
    expired = connection.execute(sql.EXPIRED, (at, limit)).fetchall()
    reclaimed = 0
    for lane_id, licence_id in sorted(expired, key=lambda row: (row[1], row[0])):
        connection.execute(sql.LOCK_ENTITLEMENT, (licence_id,))
        if connection.execute(sql.TAKE_BACK, (lane_id, at)).rowcount == 1:
            close_leases(connection, wallets, lane_id, None, at=at)
            reclaimed += 1
    return reclaimed
