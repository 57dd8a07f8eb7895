"""Leases in the database: taken out of what a licence has left, and given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from app.core.clock import Clock
from app.core.exchange_calendar import day_of
from app.core.ids import IdSource
from metering.leases import sql
from metering.leases.lanes import LaneStore
from metering.leases.meters import Headroom, Lane, Lease
from metering.leases.reclaiming import close_leases
from metering.leases.sources import CapLeft, Holdings, PeriodLeft, read_holdings
from metering.plans.allowances import SHARE, Shortage, Slab, least_amount, next_lease
from metering.ports import Wallets
from metering.views import LicenceView

Connection = psycopg.Connection[Any]


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

    lanes: LaneStore
    clock: Clock
    ids: IdSource
    wallets: Wallets

    def acquire(self, connection: Connection, wanted: Wanted) -> Granted | NotGranted:
        """Lease a slab; raises `LaneLost` when the worker's lane is no longer its own."""
        licence = wanted.licence
        row = connection.execute(sql.LOCK_ENTITLEMENT, (licence.licence_id,)).fetchone()
        if row is None or row[0] != "active":
            return NotGranted("licence", is_leased_elsewhere=False)
        if wanted.lane is not None:
            self.lanes.keep(connection, wanted.lane)
        if wanted.lane is not None and wanted.drained_lease_ids:
            self._close_leases(connection, wanted.lane.lane_id, wanted.drained_lease_ids)
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
        licence, least = wanted.licence, least_amount(slab)
        refused = NotGranted("balance", is_leased_elsewhere=True, unit_price=slab.first_price)
        balance = self._balance(connection, licence) if slab.amount else None
        # Before the lane: a worker that is granted nothing must not open lane after lane.
        if balance is not None and balance < least:
            return refused
        lane = wanted.lane or self.lanes.take_or_open(connection, licence)
        # The wallet last: a buyer's licences all lease from it, and its row is locked from here on.
        lease_id, amount = self._reserve(connection, licence, slab)
        if amount < least:
            if wanted.lane is None:
                self.lanes.free(connection, lane)
            return refused
        slab = slab.with_amount(amount)
        lease = Lease.over(lease_id, slab, ends_at=found.ends_at.timestamp(), key_id=wanted.key_id)
        left = Headroom(calls_left, found.units_left, found.amount_left)
        granted = Granted(lease, slab, lane, _beyond(left, slab, balance))
        self._insert(connection, licence, granted, found)
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
        slab, lane = granted.slab, granted.lane
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
            "at": found.at,
            "period": found.period.number,
            "day": day_of(found.at),
            "key_id": granted.lease.key_id,
            "ends_at": found.ends_at,
            "pool_ids": [part.pool_id for part in slab.slices],
            "pool_units": [part.units for part in slab.slices],
            "are_free": [part.is_free for part in slab.slices],
        }
        connection.execute(sql.TAKE, row)

    def _close_leases(self, connection: Connection, lane_id: str, lease_ids: Sequence[str]) -> None:
        close_leases(connection, self.wallets, lane_id, list(lease_ids), at=self.clock.now())

    def close(self, connection: Connection, licence_id: str, lane: Lane) -> None:
        """Give a lane back, with everything unspent of its leases."""
        connection.execute(sql.LOCK_ENTITLEMENT, (licence_id,))
        self.lanes.free(connection, lane)

    def end(
        self, connection: Connection, licence_id: str, lane: Lane, lease_ids: Sequence[str]
    ) -> None:
        """Give leases back whose time is over; the lane stays."""
        connection.execute(sql.LOCK_ENTITLEMENT, (licence_id,))
        self._close_leases(connection, lane.lane_id, lease_ids)


def _beyond(left: Headroom, slab: Slab, balance: int | None) -> Headroom:
    """What is left when a slab is taken; the wallet's balance is of just before."""
    return Headroom(
        None if left.calls is None else left.calls - slab.calls,
        None if left.units is None else left.units - slab.units,
        None if left.cap_amount is None else left.cap_amount - slab.amount,
        None if balance is None else max(0, balance - slab.amount),
    )


def _not_granted(slab: Shortage, found: Holdings, *, are_calls_leased: bool) -> NotGranted:
    cap = found.tightest_cap if slab.bound == "amount" else None
    is_leased = slab.is_leased_elsewhere or (slab.bound == "calls" and are_calls_leased)
    if cap is not None:
        is_leased = cap.leased_amount > 0
    return NotGranted(slab.bound, is_leased, found.period, cap)
