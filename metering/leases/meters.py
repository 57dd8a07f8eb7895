"""What a worker holds in memory of one licence: its lane, its leases, and calls in flight.

Request threads reserve out of a lease under the meter's lock. Sequence, totals and previous leaf
of the lane belong to the thread that commits it alone and need no lock.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from metering.leaves import LaneNames
from metering.plans.allowances import Allowance, CallBounds, Slab
from metering.plans.rating import Charge
from metering.views import KeyView

NEVER = float("inf")
SLAB_CALLS = 4
"""A licence's first lease, before anything is known of how it is used."""
Steps = tuple[tuple[int, int], ...]
"""Units and their price (10⁻⁸), in the order in which they are used."""


@dataclass(slots=True, eq=False)
class Lease:
    """A slab in this worker's hands; the counts say what is not yet reserved."""

    lease_id: str
    calls: int
    units: int
    free_units: int
    amount: int
    in_flight: int = 0
    unit_price: int | None = None
    """What each unit that is not free costs (10⁻⁸); None is the plan's own price."""
    steps: Steps = ()
    """Of a lease for one call over several pools: instead of the one price."""
    ends_at: float = NEVER
    """When its period, its day or its trial ends, in seconds since the epoch."""
    key_id: str | None = None
    """The key whose cap the money was taken from; None serves every key without a cap."""

    @classmethod
    def of(cls, lease_id: str, slab: Allowance) -> "Lease":
        """A lease over a whole slab at the plan's price."""
        return cls(lease_id, slab.calls, slab.units, slab.free_units, slab.amount)

    @classmethod
    def over(
        cls, lease_id: str, slab: Slab, *, ends_at: float = NEVER, key_id: str | None = None
    ) -> "Lease":
        """A lease over pools."""
        is_single = len(slab.steps) < 2  # noqa: PLR2004 -- one price, or several
        return cls(
            lease_id,
            slab.calls,
            slab.units,
            slab.free_units,
            slab.amount,
            unit_price=slab.first_price,
            steps=() if is_single else slab.steps,
            ends_at=ends_at,
            key_id=key_id,
        )


class Reservation(NamedTuple):
    """The most that one call can take, set aside in its lease."""

    lease: Lease
    units: int
    free_units: int
    amount: int
    steps: Steps = ()
    """The units that are not free, by their price."""


class Headroom(NamedTuple):
    """What there still is to use up; None where nothing bounds it. Amounts at 10⁻⁸."""

    calls: int | None = None
    units: int | None = None
    cap_amount: int | None = None
    """Of the tightest spending cap."""
    balance_amount: int | None = None
    """Of the wallet that pays; None for what needs no money."""


_UNBOUNDED = Headroom()
KEPT_SHARE = 0.75


def early_at(now: datetime, lease_seconds: float) -> datetime:
    """A lane that expires after this instant was prolonged lately, and need not be again."""
    return now + timedelta(seconds=lease_seconds * KEPT_SHARE)


@dataclass(slots=True, eq=False)
class Lane:
    """A lane that this worker holds under ``epoch``, as its last commit left it."""

    lane_id: str
    names: LaneNames
    epoch: int
    sequence: int
    total_units: int
    total_amount: int
    last_leaf_hash: bytes


@dataclass(slots=True, eq=False)
class Meter:
    """One licence in this worker."""

    licence_id: str
    buyer_id: str
    lane: Lane | None = None
    leases: deque[Lease] = field(default_factory=deque)
    is_closed: bool = False
    slab_calls: int = SLAB_CALLS
    slab_taken_at: float = 0.0
    used_at: float = field(default_factory=time.monotonic)
    rested_at: float = 0.0
    """The last use after which its leases were trimmed."""
    is_renewing: bool = False
    key: KeyView | None = None
    """For whom it leased last."""
    beyond: Headroom = _UNBOUNDED
    """What there was outside this worker's leases when it last looked."""
    caps_beyond: dict[str | None, int | None] = field(default_factory=dict)
    """Its ``cap_amount`` by capped key: each key's caps are looked at with its own leases."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    leasing: threading.Lock = field(default_factory=threading.Lock)
    """Held by the one thread that talks to the database about this meter's leases."""

    def reserve(
        self, bounds: CallBounds, *, least: int, at: float = 0.0, key_id: str | None = None
    ) -> Reservation | None:
        """Set the most that a call can take aside; None when no lease has ``least`` units of it.

        ``key_id`` is that of a key with a cap of its own: it uses its own leases and no others.
        """
        with self.lock:
            if self.is_closed:
                return None
            for lease in self.leases:
                if lease.key_id != key_id or lease.ends_at <= at:
                    continue
                taken = _take(lease, bounds, least)
                if taken is not None:
                    self.used_at = time.monotonic()
                    return taken
        return None

    def settle(self, reservation: Reservation, charge: Charge | None) -> None:
        """Give back what a call did not use; None is a call that came to nothing."""
        lease = reservation.lease
        with self.lock:
            lease.in_flight -= 1
            used = charge or _NOTHING
            lease.calls += charge is None
            lease.units += reservation.units - used.units
            lease.free_units += reservation.free_units - used.free_units
            lease.amount += reservation.amount - used.amount

    def is_running_low(self, key_id: str | None = None) -> bool:
        """Whether less than a quarter of the latest slab's calls is left."""
        with self.lock:
            for lease in reversed(self.leases):
                if lease.key_id == key_id:
                    return lease.calls * 4 < self.slab_calls
        return False

    def drained(self, bounds: CallBounds, at: float = 0.0) -> list[Lease]:
        """Take out the leases that are over or cannot serve a whole call, with none in flight."""
        return self._take_out(lambda lease: lease.ends_at <= at or not _serves(lease, bounds))

    def ended(self, at: float) -> list[Lease]:
        """Take out the leases whose time is over, with nothing in flight."""
        return self._take_out(lambda lease: lease.ends_at <= at)

    @property
    def is_rested(self) -> bool:
        """Whether its leases were trimmed since the last use."""
        return self.rested_at >= self.used_at

    def resting(self, *, used_before: float) -> list[Lease]:
        """Take out every lease when the last use is older, once after each use.

        Nothing where a call is in flight.
        """
        with self.lock:
            if self.is_rested or self.used_at > used_before:
                return []
            if self.is_renewing or any(lease.in_flight for lease in self.leases):
                return []
            self.rested_at = self.used_at
            found = list(self.leases)
            self.leases.clear()
            return found

    def _take_out(self, is_wanted: Callable[[Lease], bool]) -> list[Lease]:
        with self.lock:
            found = [lease for lease in self.leases if not lease.in_flight and is_wanted(lease)]
            for lease in found:
                self.leases.remove(lease)
            return found

    def put_back(self, leases: Iterable[Lease]) -> None:
        """Keep leases that were taken out and could not be given back."""
        with self.lock:
            self.leases.extendleft(leases)

    def held_amount(self) -> int:
        """The money (10⁻⁸) that its leases hold for calls to come."""
        with self.lock:
            return sum(lease.amount for lease in self.leases)

    def headroom(self, key_id: str | None = None) -> Headroom:
        """What a key's buyer still has, as far as this worker knows."""
        calls = units = capped = held = 0
        with self.lock:
            beyond, cap_beyond = self.beyond, self.caps_beyond.get(key_id)
            for lease in self.leases:
                calls += lease.calls
                units += lease.units
                held += lease.amount
                if lease.key_id == key_id:
                    capped += lease.amount
        return Headroom(
            None if beyond.calls is None else beyond.calls + calls,
            None if beyond.units is None else beyond.units + units,
            None if cap_beyond is None else cap_beyond + capped,
            None if beyond.balance_amount is None else beyond.balance_amount + held,
        )

    def add(self, lane: Lane, lease: Lease, beyond: Headroom) -> None:
        """Take a granted lease into use."""
        with self.lock:
            self.beyond = beyond
            self.caps_beyond[lease.key_id] = beyond.cap_amount
            self.lane = lane
            self.leases.append(lease)
            self.slab_taken_at = time.monotonic()

    def close_if_idle(self, *, used_before: float) -> bool:
        """Close when nothing is in flight and the last use is older; a closed meter stays so."""
        with self.lock:
            if self.is_closed or self.used_at > used_before:
                return False
            if self.is_renewing or any(lease.in_flight for lease in self.leases):
                return False
            self.is_closed = True
            return True

    def abandon(self) -> None:
        """Stop using the lane: another worker holds it now, or its state is not known."""
        with self.lock:
            self.is_closed = True


_NOTHING = Charge(0, 0, 0)


def _serves(lease: Lease, bounds: CallBounds) -> bool:
    if lease.steps:
        return lease.calls >= 1
    return lease.calls >= 1 and _units(lease, bounds)[0] >= bounds.units_max


def _price(lease: Lease, bounds: CallBounds) -> int:
    return bounds.unit_price if lease.unit_price is None else lease.unit_price


def _units(lease: Lease, bounds: CallBounds) -> tuple[int, int]:
    """Units that the lease can still give to one call, and how many of them are free."""
    most = min(bounds.units_max, lease.units)
    free = min(most, lease.free_units)
    paid = most - free
    price = _price(lease, bounds)
    if price:
        paid = min(paid, lease.amount // price)
    return free + paid, free


def _take(lease: Lease, bounds: CallBounds, least: int) -> Reservation | None:
    if lease.calls < 1:
        return None
    if lease.steps:
        return _take_whole(lease)
    units, free = _units(lease, bounds)
    if units < least:
        return None
    price = _price(lease, bounds)
    amount = (units - free) * price
    lease.calls -= 1
    lease.units -= units
    lease.free_units -= free
    lease.amount -= amount
    lease.in_flight += 1
    return Reservation(lease, units, free, amount, ((units - free, price),))


def _take_whole(lease: Lease) -> Reservation:
    """All of a lease for one call: it holds as much as there is, be it less than asked for."""
    taken = Reservation(lease, lease.units, lease.free_units, lease.amount, lease.steps)
    lease.calls -= 1
    lease.units = lease.free_units = lease.amount = 0
    lease.in_flight += 1
    return taken
