"""What a worker holds in memory of one licence: its lane, its leases, and calls in flight.

Request threads reserve out of a lease under the meter's lock. Sequence, totals and previous leaf
of the lane belong to the committing thread alone and need no lock.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from metering.allowances import Allowance, CallBounds
from metering.leaves import LaneNames
from metering.rating import Charge


@dataclass(slots=True, eq=False)
class Lease:
    """A slab in this worker's hands; the counts say what is not yet reserved."""

    lease_id: str
    calls: int
    units: int
    free_units: int
    amount: int
    in_flight: int = 0

    @classmethod
    def of(cls, lease_id: str, slab: Allowance) -> "Lease":
        """A lease over a whole slab."""
        return cls(lease_id, slab.calls, slab.units, slab.free_units, slab.amount)


@dataclass(frozen=True, slots=True)
class Reservation:
    """The most that one call can take, set aside in its lease."""

    lease: Lease
    units: int
    free_units: int
    amount: int


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
    slab_calls: int = 4
    slab_taken_at: float = 0.0
    used_at: float = field(default_factory=time.monotonic)
    is_renewing: bool = False
    units_beyond: int | None = None
    """Units of the grant outside this worker's leases when it last looked; None is unbounded."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    leasing: threading.Lock = field(default_factory=threading.Lock)
    """Held by the one thread that talks to the database about this meter's leases."""

    def reserve(self, bounds: CallBounds, *, least: int) -> Reservation | None:
        """Set the most that a call can take aside; None when no lease has ``least`` units of it."""
        with self.lock:
            if self.is_closed:
                return None
            for lease in self.leases:
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

    def is_running_low(self) -> bool:
        """Whether less than a quarter of the latest slab's calls is left."""
        return bool(self.leases) and self.leases[-1].calls * 4 < self.slab_calls

    def drained(self, bounds: CallBounds) -> list[Lease]:
        """Take out the leases that cannot serve a whole call and have nothing in flight."""
        with self.lock:
            spent = [
                lease for lease in self.leases if not lease.in_flight and not _serves(lease, bounds)
            ]
            for lease in spent:
                self.leases.remove(lease)
            return spent

    def units_left(self) -> int | None:
        """Units that the licence still has, as far as this worker knows; None is unbounded."""
        if self.units_beyond is None:
            return None
        with self.lock:
            return self.units_beyond + sum(lease.units for lease in self.leases)

    def add(self, lane: Lane, lease: Lease, units_beyond: int | None) -> None:
        """Take a granted lease into use."""
        with self.lock:
            self.units_beyond = units_beyond
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
    return lease.calls >= 1 and _units(lease, bounds)[0] >= bounds.units_max


def _units(lease: Lease, bounds: CallBounds) -> tuple[int, int]:
    """Units that the lease can still give to one call, and how many of them are free."""
    most = min(bounds.units_max, lease.units)
    free = min(most, lease.free_units)
    paid = most - free
    if bounds.unit_price:
        paid = min(paid, lease.amount // bounds.unit_price)
    return free + paid, free


def _take(lease: Lease, bounds: CallBounds, least: int) -> Reservation | None:
    if lease.calls < 1:
        return None
    units, free = _units(lease, bounds)
    if units < least:
        return None
    amount = (units - free) * bounds.unit_price
    lease.calls -= 1
    lease.units -= units
    lease.free_units -= free
    lease.amount -= amount
    lease.in_flight += 1
    return Reservation(lease, units, free, amount)
