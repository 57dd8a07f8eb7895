"""Timed steps of the worker: take expired lanes back, forget old answers, add partitions ahead."""

from typing import Any, cast

import psycopg
from sqlalchemy import text

from app.core.unit_of_work import UnitOfWork
from metering.leases.reclaiming import reclaim_lanes
from metering.ports import Wallets

RECLAIM_MAX = 50
FORGET_MAX = 5_000
MONTHS_AHEAD = 2


def reclaim_leases(uow: UnitOfWork, wallets: Wallets) -> int:
    """Take lanes back whose worker died or hung; how many. Safe in several workers at once."""
    raw = uow.session.connection().connection.dbapi_connection
    connection = cast("psycopg.Connection[Any]", raw)
    return reclaim_lanes(connection, wallets, at=uow.now, limit=RECLAIM_MAX)


def forget_answers(uow: UnitOfWork) -> int:
    """Delete stored answers past their time; how many."""
    deleted = uow.session.execute(
        text(
            "DELETE FROM call_answers WHERE (licence_id, idempotency_key) IN ("
            " SELECT licence_id, idempotency_key FROM call_answers"
            " WHERE expires_at <= :at ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED)"
            " RETURNING 1"
        ),
        {"at": uow.now, "most": FORGET_MAX},
    )
    return len(deleted.all())


def add_partitions(uow: UnitOfWork) -> None:
    """Make the partitions of usage events for this month and the next ones."""
    uow.session.execute(
        text(
            "SELECT metering_add_usage_month("
            " (CAST(:at AS timestamptz) AT TIME ZONE 'UTC'"
            " + make_interval(months => ahead))::date)"
            " FROM generate_series(0, :most) AS ahead"
        ),
        {"at": uow.now, "most": MONTHS_AHEAD},
    )
