"""Leases closed and lanes taken back: what was not spent returns to where it was taken from."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import psycopg
import structlog

from app.core.errors import CounterfoilError
from metering.leases import sql
from metering.ports import Wallets

Connection = psycopg.Connection[Any]
RETRY_SECONDS = 60.0
"""A lane that could not be taken back is tried again after so long, behind the others."""

_log = structlog.get_logger("metering.leases")


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
    transaction as the events. Runs in the connection's transaction; any worker may run it. A lane
    whose leases do not return is left as it was, and the others do not wait for its mending.
    """
    expired = connection.execute(sql.EXPIRED, (at, limit)).fetchall()
    reclaimed = 0
    for lane_id, licence_id in sorted(expired, key=lambda row: (row[1], row[0])):
        connection.execute(sql.LOCK_ENTITLEMENT, (licence_id,))
        reclaimed += _take_back(connection, wallets, lane_id, at=at)
    return reclaimed


def _take_back(connection: Connection, wallets: Wallets, lane_id: str, *, at: datetime) -> bool:
    connection.execute("SAVEPOINT lane")
    try:
        is_taken = connection.execute(sql.TAKE_BACK, (lane_id, at)).rowcount == 1
        if is_taken:
            close_leases(connection, wallets, lane_id, None, at=at)
    except (psycopg.IntegrityError, CounterfoilError):
        _log.exception("lane not taken back", lane_id=lane_id)
        connection.execute("ROLLBACK TO SAVEPOINT lane")
        again_at = at + timedelta(seconds=RETRY_SECONDS)
        connection.execute(sql.POSTPONE_TAKING_BACK, (again_at, lane_id, at))
        is_taken = False
    connection.execute("RELEASE SAVEPOINT lane")
    return is_taken
