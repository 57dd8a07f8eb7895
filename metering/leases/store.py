"""Leases and lanes in the database: taking, prolonging, closing and reclaiming them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg

from app.core.clock import Clock, iso_instant
from app.core.exchange_calendar import day_of
from app.core.ids import IdSource
from metering.leases import sql
from metering.leases.meters import Headroom, Lane, Lease, early_at
from metering.leases.sources import CapLeft, Holdings, PeriodLeft, read_holdings
from metering.leaves import LaneNames, lane_opened_leaf, leaf_hash
from metering.plans.allowances import SHARE, Shortage, Slab, least_amount, next_lease
from metering.ports import CallLog, Wallets
from metering.views import LicenceView

Connection = psycopg.Connection[Any]
LANES_MAX = 512
"""Lanes that one licence may ever have: as many as workers serve it at once."""


class LaneLost(Exception):
    """Another worker holds the lane, or it was taken back after it expired."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a worker asks for: about so many calls, on its lane if it has one."""

    licence: LicenceView
    calls: int
    lane: Lane | None
    drained_lease_ids: Sequence[str] = ()
    is_patient: bool = False
    """Rather ask again than pay while another worker holds units of an earlier pool."""
    key_id: str | None = None
    """The key whose own cap must bear it; None for keys without."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A lease, the lane it is for, and what is left beyond it."""

    lease: Lease
    slab: Slab
    lane: Lane
    beyond: Headroom


@dataclass(frozen=True, slots=True)
class NotGranted:
    """Nothing could be leased: the bound, and whether other leases hold something back."""

    bound: str
    is_leased_elsewhere: bool
    period: PeriodLeft | None = None
    cap: CapLeft | None = None
    unit_price: int = 0


@dataclass(frozen=True, kw_only=True)
class LeaseStore:
    """One worker's dealings with leases; the caller opens the transaction."""

    holder: str
    clock: Clock
    ids: IdSource
    entropy: Callable[[int], bytes]
    wallets: Wallets
    log: CallLog
    lease_seconds: float

    def acquire(self, connection: Connection, wanted: Wanted) -> Granted | NotGranted:
        """Lease a slab; raises `LaneLost` when the worker's lane is no longer its own."""
        licence = wanted.licence
        row = connection.execute(sql.LOCK_ENTITLEMENT, (licence.licence_id,)).fetchone()
        if row is None or row[0] != "active":
            return NotGranted("licence", is_leased_elsewhere=False)
        if wanted.lane is not None:
            self._keep(connection, wanted.lane)
        if wanted.lane is not None and wanted.drained_lease_ids:
            self._close_leases(connection, wanted.lane.lane_id, list(wanted.drained_lease_ids))
            row = connection.execute(sql.LOCK_ENTITLEMENT, (licence.licence_id,)).fetchone()
        assert row is not None, "the row is locked by this transaction"
        now = self.clock.now()
        found = read_holdings(connection, licence.licence_id, key_id=wanted.key_id, at=now)
        if not isinstance(found, Holdings):
            bound = "period" if found is None else "fee"
            return NotGranted(bound, is_leased_elsewhere=False, period=found)
        slab = next_lease(
            wanted.calls,
            licence.bounds.units_max,
            found.sources,
            calls_left=row[1],
            amount_left=found.amount_left,
            is_patient=wanted.is_patient,
        )
        if isinstance(slab, Shortage):
            return _not_granted(slab, found, are_calls_leased=row[2])
        return self._grant(connection, wanted, slab, found, calls_left=row[1])

    def _grant(
        self,
        connection: Connection,
        wanted: Wanted,
        slab: Slab,
        found: Holdings,
        *,
        calls_left: int | None,
    ) -> Granted | NotGranted:
        lease_id, amount = self._reserve(connection, wanted.licence, slab)
        if amount < least_amount(slab):
            return NotGranted("balance", is_leased_elsewhere=True, unit_price=slab.first_price)
        slab = slab.with_amount(amount)
        # Only now: a worker that is granted nothing must not open lane after lane.
        lane = wanted.lane or self._take_or_open(connection, wanted.licence)
        lease = Lease.over(lease_id, slab, ends_at=found.ends_at.timestamp(), key_id=wanted.key_id)
        balance = self._balance(connection, wanted.licence) if slab.amount else None
        left = Headroom(calls_left, found.units_left, found.amount_left)
        granted = Granted(lease, slab, lane, _beyond(left, slab, balance))
        self._insert(connection, wanted.licence, granted, found)
        return granted

    def _reserve(self, connection: Connection, licence: LicenceView, slab: Slab) -> tuple[str, int]:
        """Lease id and money held for it; near the wallet's end only a quarter, to leave some."""
        lease_id = self.ids.new("lse")
        if not slab.amount:
            return lease_id, 0
        least = least_amount(slab)
        hold = partial(
            self.wallets.reserve,
            connection,
            organisation_id=licence.buyer_id,
            currency=licence.currency,
        )
        if slab.calls == 1:
            # A single call is paid whole if that can be: its price need not be a multiple.
            got = hold(wanted_amount=slab.amount, least_amount=slab.amount, lease_id=lease_id)
            if got:
                return lease_id, got
        got = hold(wanted_amount=slab.amount, least_amount=least, lease_id=lease_id)
        if got == slab.amount or got < SHARE * slab.first_price:
            return lease_id, got
        self.wallets.settle(connection, lease_id=lease_id, spent_amount=0)
        lease_id = self.ids.new("lse")
        portion = max(least, got // SHARE)
        return lease_id, hold(wanted_amount=portion, least_amount=least, lease_id=lease_id)

    def _balance(self, connection: Connection, licence: LicenceView) -> int:
        return self.wallets.available(
            connection, organisation_id=licence.buyer_id, currency=licence.currency
        )

    def _insert(
        self, connection: Connection, licence: LicenceView, granted: Granted, found: Holdings
    ) -> None:
        slab, lane, now = granted.slab, granted.lane, self.clock.now()
        row = {
            "lease_id": granted.lease.lease_id,
            "lane_id": lane.lane_id,
            "licence_id": licence.licence_id,
            "buyer_id": licence.buyer_id,
            "epoch": lane.epoch,
            "calls": slab.calls,
            "units": slab.units,
            "free_units": slab.free_units,
            "amount": slab.amount,
            "at": now,
            "period": found.period.number,
            "day": day_of(now),
            "key_id": granted.lease.key_id,
            "ends_at": found.ends_at,
            "pool_ids": [part.pool_id for part in slab.slices],
            "pool_units": [part.units for part in slab.slices],
            "are_free": [part.is_free for part in slab.slices],
        }
        connection.execute(sql.TAKE, row)

    def _expiry(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self.lease_seconds)

    def _keep(self, connection: Connection, lane: Lane) -> None:
        """See that the lane is still this worker's, and put its expiry off when that is due."""
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

    def _take_or_open(self, connection: Connection, licence: LicenceView) -> Lane:
        now = self.clock.now()
        free = connection.execute(sql.FIND_FREE_LANE, (licence.licence_id, now)).fetchone()
        if free is None:
            return self._open(connection, licence, now)
        self._close_leases(connection, free[0], None)
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

    def _close_leases(
        self, connection: Connection, lane_id: str, lease_ids: list[str] | None
    ) -> None:
        close_leases(connection, self.wallets, lane_id, lease_ids, at=self.clock.now())

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

    def close(self, connection: Connection, licence_id: str, lane: Lane) -> None:
        """Give a lane and everything unspent on it back; a lane that was lost is left alone."""
        connection.execute(sql.LOCK_ENTITLEMENT, (licence_id,))
        freed = connection.execute(sql.FREE_LANE, {"lane_id": lane.lane_id, "epoch": lane.epoch})
        if freed.rowcount == 1:
            self._close_leases(connection, lane.lane_id, None)

    def end(
        self, connection: Connection, licence_id: str, lane: Lane, lease_ids: Sequence[str]
    ) -> None:
        """Give leases back whose time is over; the lane stays."""
        connection.execute(sql.LOCK_ENTITLEMENT, (licence_id,))
        self._close_leases(connection, lane.lane_id, list(lease_ids))


def _beyond(left: Headroom, slab: Slab, balance: int | None) -> Headroom:
    """What is left when a slab is taken; the wallet's balance is already without it."""
    return Headroom(
        None if left.calls is None else left.calls - slab.calls,
        None if left.units is None else left.units - slab.units,
        None if left.cap_amount is None else left.cap_amount - slab.amount,
        balance,
    )


def _not_granted(slab: Shortage, found: Holdings, *, are_calls_leased: bool) -> NotGranted:
    cap = found.tightest_cap if slab.bound == "amount" else None
    is_leased = slab.is_leased_elsewhere or (slab.bound == "calls" and are_calls_leased)
    if cap is not None:
        is_leased = cap.leased_amount > 0
    return NotGranted(slab.bound, is_leased, found.period, cap)


def _names(licence: LicenceView, number: int) -> LaneNames:
    return LaneNames(
        licence.licence_id,
        licence.version_id,
        licence.scenario_id,
        licence.plan_hash,
        licence.currency,
        number,
    )


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
