"""The leases of this worker: reserved from by request threads, renewed ahead, given back."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import psycopg
import structlog

from app.core.errors import CounterfoilError
from app.core.exchange_calendar import day_end
from metering.connections import Connections
from metering.errors import MeterUnavailable
from metering.fences import ANNOUNCE, CHANNEL, money_recall_message, recall_message
from metering.leases.errors import (
    BalanceExhausted,
    CapReached,
    PeriodNotOpen,
    PeriodUnpaid,
    QuotaExhausted,
)
from metering.leases.lanes import LaneLost
from metering.leases.meters import SLAB_CALLS, Lane, Lease, Meter, Reservation
from metering.leases.store import Granted, LeaseStore, NotGranted, Wanted
from metering.plans.allowances import SHARE, grow
from metering.plans.calendar import PeriodUnit
from metering.views import KeyView, LicenceView

SLABS_MAX = 20_000
TRIES_MAX = 8
RECALLS_MAX = 2
RECALL_SECONDS = 0.03
"""How long others have to give back what they hold idle before a call is refused."""

_log = structlog.get_logger("metering.leases")


class LeaseKeeper:
    """Finds or makes the meter of a licence and keeps its lane alive.

    A lease that is taken is not flushed. The first commit of a call out of it flushes it too; a
    server that crashes before that knows neither, and the lane's fence tells the worker.
    """

    def __init__(
        self,
        connections: Connections,
        store: LeaseStore,
        *,
        slab_calls_max: int = 4096,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connections = connections
        self._store = store
        self._slab_calls_max = slab_calls_max
        self._pause = pause
        self._meters: dict[str, Meter] = {}
        self._slabs: dict[str, int] = {}
        """How many calls to begin with, of licences that were used before."""
        self._lock = threading.Lock()
        self._renewals: queue.SimpleQueue[tuple[Meter, KeyView] | None] = queue.SimpleQueue()
        self._renewer = threading.Thread(target=self._renew, name="lease-renewal", daemon=True)
        self._renewer.start()

    def reserve_held(self, key: KeyView) -> tuple[Meter, Reservation] | None:
        """As `reserve`, out of what is leased already; None where somebody must be asked."""
        meter = self._meters.get(key.licence.licence_id)
        if meter is None:
            return None
        taken = self._take(meter, key, key.licence.bounds.units_max)
        if taken is None:
            return None
        self._renew_ahead(meter, key)
        return meter, taken

    def reserve(self, key: KeyView) -> tuple[Meter, Reservation]:
        """The most that a call with this key can cost, set aside.

        Raises `QuotaExhausted`, `CapReached`, `BalanceExhausted`, `PeriodUnpaid`, `PeriodNotOpen`,
        or `MeterUnavailable` when the lane keeps being lost.
        """
        recalls, licence = 0, key.licence
        for _ in range(TRIES_MAX):
            meter = self._meter(licence)
            found = self._from_meter(meter, key, is_patient=recalls < RECALLS_MAX)
            if isinstance(found, Reservation):
                return meter, found
            if found is None:
                continue
            if not found.is_leased_elsewhere or recalls == RECALLS_MAX:
                raise _refusal(found, key, self._store.clock.now())
            recalls += 1
            self._recall(licence, found)
        raise MeterUnavailable

    def _from_meter(
        self, meter: Meter, key: KeyView, *, is_patient: bool
    ) -> Reservation | NotGranted | None:
        """A reservation, why there is none, or None when the meter is gone."""
        most = key.licence.bounds.units_max
        taken = self._take(meter, key, most)
        if taken is not None:
            self._renew_ahead(meter, key)
            return taken
        with meter.leasing:
            taken = self._take(meter, key, most)
            if taken is not None:
                return taken
            if meter.is_closed:
                self._forget(meter)
                return None
            refused = self._acquire(meter, key, is_patient=is_patient)
        # Where nothing more is to be had, a smaller rest may still serve this call.
        return self._take(meter, key, most) or self._take(meter, key, 1) or refused

    def _take(self, meter: Meter, key: KeyView, least: int) -> Reservation | None:
        now = self._store.clock.now().timestamp()
        return meter.reserve(key.licence.bounds, least=least, at=now, key_id=key.capped_id)

    def _acquire(self, meter: Meter, key: KeyView, *, is_patient: bool = True) -> NotGranted | None:
        """Lease a slab into the meter; the caller holds ``meter.leasing``."""
        since = time.monotonic() - meter.slab_taken_at if meter.lane else 2.0
        meter.slab_calls = grow(
            meter.slab_calls, was_used_up_in_seconds=since, slab_calls_max=self._slab_calls_max
        )
        now = self._store.clock.now().timestamp()
        drained = meter.drained(key.licence.bounds, now)
        return self._lease(meter, key, meter.slab_calls, drained, is_patient=is_patient)

    def _lease(
        self,
        meter: Meter,
        key: KeyView,
        calls: int,
        drained: Sequence[Lease],
        *,
        is_patient: bool = True,
    ) -> NotGranted | None:
        closing = tuple(lease.lease_id for lease in drained)
        wanted = Wanted(key.licence, calls, meter.lane, closing, is_patient, key.capped_id)
        meter.key = key
        try:
            # What is closed here nobody would close again: the server must not forget it.
            with self._connections.transaction(is_flushed=bool(closing)) as connection:
                granted = self._store.acquire(connection, wanted)
        except LaneLost:
            meter.abandon()
            self._forget(meter)
            return None
        except psycopg.Error:
            meter.put_back(drained)
            raise
        if isinstance(granted, Granted):
            meter.add(granted.lane, granted.lease, granted.beyond)
            return None
        return granted

    def _meter(self, licence: LicenceView) -> Meter:
        meter = self._meters.get(licence.licence_id)
        if meter is None:
            with self._lock:
                slab_calls = self._slabs.pop(licence.licence_id, SLAB_CALLS)
                meter = self._meters.setdefault(
                    licence.licence_id,
                    Meter(licence.licence_id, licence.buyer_id, slab_calls=slab_calls),
                )
        return meter

    def _forget(self, meter: Meter) -> None:
        with self._lock:
            if self._meters.get(meter.licence_id) is meter:
                del self._meters[meter.licence_id]
                self._remember_slab(meter)

    def _remember_slab(self, meter: Meter) -> None:
        """A licence that was busy begins with a share of its last slab, not with four calls."""
        if len(self._slabs) >= SLABS_MAX:
            self._slabs.pop(next(iter(self._slabs)))
        slab_calls = meter.slab_calls
        self._slabs[meter.licence_id] = slab_calls if meter.is_rested else _share_of(slab_calls)

    def _renew_ahead(self, meter: Meter, key: KeyView) -> None:
        if meter.is_renewing or not meter.is_running_low(key.capped_id):
            return
        meter.is_renewing = True
        self._renewals.put((meter, key))

    def _renew(self) -> None:
        while (item := self._renewals.get()) is not None:
            meter, key = item
            try:
                with meter.leasing:
                    if not meter.is_closed and meter.is_running_low(key.capped_id):
                        self._acquire(meter, key)
            except Exception:  # noqa: BLE001 -- a call that needs the lease will try again itself
                _log.exception("renewal failed", licence_id=meter.licence_id)
            finally:
                meter.is_renewing = False

    def _recall(self, licence: LicenceView, found: NotGranted) -> None:
        """Ask the workers to give back what they hold idle of what is short, and wait a little.

        A wallet is the buyer's; calls, units and caps are of one licence or of its keys.
        """
        if found.bound == "balance":
            asking = money_recall_message(licence.buyer_id)
        else:
            asking = recall_message(licence.licence_id)
        given = {"channel": CHANNEL, "message": asking}
        with self._connections.transaction() as connection:
            connection.execute(ANNOUNCE, given)
        self._pause(RECALL_SECONDS)

    def give_back(self, licence_ids: frozenset[str]) -> None:
        """Answer a recall: close this worker's meters of these licences that have nothing to do."""
        self._close_recalled(meter for meter in self._all() if meter.licence_id in licence_ids)

    def give_back_money(self, buyer_ids: frozenset[str]) -> None:
        """As `give_back`, for what holds money of these buyers; most of it first."""
        held = [(m.held_amount(), m) for m in self._all() if m.buyer_id in buyer_ids]
        held.sort(key=lambda each: each[0], reverse=True)
        self._close_recalled(meter for amount, meter in held if amount)

    def _close_recalled(self, meters: Iterable[Meter]) -> None:
        self._close(meters, used_before=time.monotonic() - RECALL_SECONDS / 3)

    def prolong(self) -> None:
        """Put off the expiry of every lane that this worker holds."""
        lanes = [meter.lane for meter in self._all() if meter.lane and not meter.is_closed]
        if lanes:
            with self._connections.transaction(is_flushed=False) as connection:
                self._store.lanes.prolong(connection, lanes)

    def trim_idle(self, *, idle_seconds: float) -> None:
        """Settle what was spent of leases that rest, and keep of them what a burst begins with."""
        used_before = time.monotonic() - idle_seconds
        for meter in self._all():
            if not meter.leasing.acquire(blocking=False):
                continue
            try:
                self._trim(meter, used_before=used_before)
            finally:
                meter.leasing.release()

    def _trim(self, meter: Meter, *, used_before: float) -> None:
        if meter.key is None:
            return  # it never leased
        resting = meter.resting(used_before=used_before)
        if not resting:
            return
        meter.slab_calls = _share_of(meter.slab_calls)
        try:
            self._lease(meter, meter.key, meter.slab_calls, resting)
        except psycopg.Error:
            # It is settled when the lane is given back.
            _log.warning("lease not trimmed", licence_id=meter.licence_id, exc_info=True)

    def close_idle(self, *, idle_seconds: float) -> None:
        """Give back lanes that were not used for a while, and forget those that were lost."""
        for meter in self._all():
            if meter.is_closed:  # abandoned: a licence that is never called again would keep it
                self._forget(meter)
        self._close(self._all(), used_before=time.monotonic() - idle_seconds)

    def end_leases(self) -> None:
        """Give back leases whose period or day is over, so that it can be closed."""
        now = self._store.clock.now().timestamp()
        for meter in self._all():
            ended = meter.ended(now)
            if ended and meter.lane is not None:
                self._end(meter, meter.lane, ended)

    def _end(self, meter: Meter, lane: Lane, ended: Sequence[Lease]) -> None:
        lease_ids = [lease.lease_id for lease in ended]
        try:
            with self._connections.transaction() as connection:
                self._store.end(connection, meter.licence_id, lane, lease_ids)
        except psycopg.Error:
            # Its period waits for it, for as long as the lane is used: it is tried again.
            meter.put_back(ended)
            _log.warning("leases not ended", licence_id=meter.licence_id, exc_info=True)

    def _all(self) -> list[Meter]:
        with self._lock:
            return list(self._meters.values())

    def _close(
        self, meters: Iterable[Meter], *, used_before: float, wait_seconds: float = 0.0
    ) -> None:
        for meter in meters:
            # A meter that is being leased into has a use: its lease would be nobody's.
            if not meter.leasing.acquire(timeout=wait_seconds):
                continue
            try:
                if meter.close_if_idle(used_before=used_before):
                    self._forget(meter)
                    self._return(meter)
            finally:
                meter.leasing.release()

    def _return(self, meter: Meter) -> None:
        if meter.lane is None:
            return
        try:
            with self._connections.transaction(is_flushed=False) as connection:
                self._store.close(connection, meter.licence_id, meter.lane)
        except psycopg.Error:
            # It expires and is reclaimed; nothing is lost but a few seconds.
            _log.warning("lane not returned", licence_id=meter.licence_id, exc_info=True)

    def close(self) -> None:
        """Give everything back; nothing may be in flight any more."""
        self._renewals.put(None)
        self._renewer.join(10.0)
        self._close(self._all(), used_before=float("inf"), wait_seconds=5.0)


def _share_of(slab_calls: int) -> int:
    return max(slab_calls // SHARE, SLAB_CALLS)


def _refusal(found: NotGranted, key: KeyView, now: datetime) -> CounterfoilError:
    licence, period, cap = key.licence, found.period, found.cap
    if found.bound == "balance":
        return BalanceExhausted(found.unit_price, licence.currency)
    if found.bound == "period":
        return PeriodNotOpen()
    if found.bound == "fee" and period is not None:
        return PeriodUnpaid(period.number, period.fee_amount, licence.currency)
    if cap is not None:
        opens_at = day_end(now) if cap.scope == "day" else None
        key_id = key.key_id if cap.scope == "key" else None
        return CapReached(
            cap.scope, cap.cap_amount, licence.currency, opens_at=opens_at, key_id=key_id
        )
    opens_at = None
    if period is not None and period.is_followed and licence.plan.period is not PeriodUnit.TERM:
        opens_at = period.until_at if found.bound == "units" else None
    return QuotaExhausted(found.bound, opens_at)
