"""A worker's lanes in the database: taken or opened, kept, prolonged and freed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from app.core.clock import Clock, iso_instant
from app.core.ids import IdSource
from metering.leases import sql
from metering.leases.meters import Lane, early_at
from metering.leases.reclaiming import close_leases
from metering.leaves import LaneNames, lane_opened_leaf, leaf_hash
from metering.ports import CallLog, Wallets
from metering.views import LicenceView

Connection = psycopg.Connection[Any]
LANES_MAX = 512
"""Lanes that one licence may ever have: as many as workers serve it at once."""


class LaneLost(Exception):
    """Another worker holds the lane, or it was taken back after it expired."""


@dataclass(frozen=True, kw_only=True)
class LaneStore:
    """One worker's dealings with lanes; the caller opens the transaction."""

    holder: str
    clock: Clock
    ids: IdSource
    entropy: Callable[[int], bytes]
    wallets: Wallets
    log: CallLog
    lease_seconds: float

    def keep(self, connection: Connection, lane: Lane) -> None:
        """See that a lane is still this worker's, and put its expiry off when that is due.

        Raises `LaneLost`.
        """
        now = self.clock.now()
        given = {
            "lane_id": lane.lane_id,
            "epoch": lane.epoch,
            "holder": self.holder,
            "expires_at": self._expiry(now),
            "early_at": early_at(now, self.lease_seconds),
        }
        held = connection.execute(sql.IS_LANE_HELD, given).fetchone()
        if held is None:
            raise LaneLost
        if not held[0] and connection.execute(sql.KEEP_LANE, given).rowcount != 1:
            raise LaneLost

    def take_or_open(self, connection: Connection, licence: LicenceView) -> Lane:
        """A lane of the licence that nobody holds, or a new one; raises `LaneLost` at the most."""
        now = self.clock.now()
        free = connection.execute(sql.FIND_FREE_LANE, (licence.licence_id, now)).fetchone()
        if free is None:
            return self._open(connection, licence, now)
        self._close_leases(connection, free[0])
        taken = connection.execute(
            sql.TAKE_LANE,
            {"holder": self.holder, "expires_at": self._expiry(now), "lane_id": free[0]},
        ).fetchone()
        assert taken is not None, "lanes are never deleted"
        number, epoch, sequence, units, amount, last = taken
        return Lane(free[0], _names(licence, number), epoch, sequence, units, amount, last)

    def _open(self, connection: Connection, licence: LicenceView, now: datetime) -> Lane:
        count = connection.execute(
            "SELECT count(*) FROM lanes WHERE licence_id = %s", (licence.licence_id,)
        ).fetchone()
        number = (count[0] if count else 0) + 1
        if number > LANES_MAX:
            raise LaneLost
        leaf = lane_opened_leaf(
            licence_id=licence.licence_id,
            lane=number,
            plan_hash=licence.plan_hash,
            at=iso_instant(now),
            blind=self.entropy(16).hex(),
        )
        hashed = leaf_hash(leaf)
        lane = Lane(self.ids.new("lan"), _names(licence, number), 1, 0, 0, 0, hashed)
        row = {"lane_id": lane.lane_id, "licence_id": licence.licence_id, "number": number}
        row |= {"buyer_id": licence.buyer_id, "holder": self.holder, "last_leaf_hash": hashed}
        connection.execute(sql.INSERT_LANE, row | {"at": now, "expires_at": self._expiry(now)})
        with connection.cursor() as cursor:
            entry = (hashed, leaf, "lane_opened", licence.licence_id, number, None)
            self.log.append_leaves(cursor, [entry])
        return lane

    def prolong(self, connection: Connection, lanes: Sequence[Lane]) -> None:
        """Put off the expiry of this worker's lanes, and so of their leases."""
        now = self.clock.now()
        connection.execute(
            sql.PROLONG,
            {
                "lane_ids": [lane.lane_id for lane in lanes],
                "holder": self.holder,
                "expires_at": self._expiry(now),
                "early_at": early_at(now, self.lease_seconds),
            },
        )

    def free(self, connection: Connection, lane: Lane) -> None:
        """Give a lane and everything unspent on it back; a lane that was lost is left alone."""
        freed = connection.execute(sql.FREE_LANE, {"lane_id": lane.lane_id, "epoch": lane.epoch})
        if freed.rowcount == 1:
            self._close_leases(connection, lane.lane_id)

    def _close_leases(self, connection: Connection, lane_id: str) -> None:
        close_leases(connection, self.wallets, lane_id, None, at=self.clock.now())

    def _expiry(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self.lease_seconds)


def _names(licence: LicenceView, number: int) -> LaneNames:
    return LaneNames(
        licence.licence_id,
        licence.version_id,
        licence.scenario_id,
        licence.plan_hash,
        licence.currency,
        number,
    )
