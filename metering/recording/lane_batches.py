"""The calls of one lane in one commit: numbered, chained and summed, before anything is written."""

from collections.abc import Iterable
from typing import NamedTuple

from metering.leases.meters import Lane, Meter
from metering.leaves import CallFacts, call_leaf, leaf_hash
from metering.recording.pending_calls import PendingCall


class LeaseShare(NamedTuple):
    """What the batch takes from one lease: calls ``first_n`` to ``last_n``; amount at 10⁻⁸."""

    lease_id: str
    first_n: int
    last_n: int
    units: int
    free_units: int
    amount: int
    total_amount_before: int


class LaneBatch(NamedTuple):
    """A lane's calls, in their order, and what the lane is after them."""

    lane: Lane
    calls: tuple[PendingCall, ...]
    shares: tuple[LeaseShare, ...]
    sequence: int
    total_units: int
    total_amount: int
    last_leaf_hash: bytes

    def advance(self) -> None:
        """Make the lane what the durable batch has made it."""
        lane = self.lane
        lane.sequence, lane.last_leaf_hash = self.sequence, self.last_leaf_hash
        lane.total_units, lane.total_amount = self.total_units, self.total_amount


def by_lane(calls: Iterable[PendingCall], at: str) -> list[LaneBatch]:
    """The batches of several lanes, by buyer: every committer locks wallets in this order."""
    meters: dict[Meter, list[PendingCall]] = {}
    for call in calls:
        meters.setdefault(call.meter, []).append(call)
    batches = [
        chain(meter.lane, of_lane, at)
        for meter, of_lane in meters.items()
        if meter.lane is not None
    ]
    return sorted(batches, key=lambda batch: (batch.calls[0].meter.buyer_id, batch.lane.lane_id))


def chain(lane: Lane, calls: list[PendingCall], at: str) -> LaneBatch:
    """Number the calls after the lane's last, lease by lease, each leaf naming the one before."""
    calls.sort(key=lambda call: call.reservation.lease.lease_id)
    n, units, amount, last = (
        lane.sequence,
        lane.total_units,
        lane.total_amount,
        lane.last_leaf_hash,
    )
    for call in calls:
        n, units, amount = n + 1, units + call.charge.units, amount + call.charge.amount
        facts = CallFacts(
            call.charge.units,
            call.charge.amount,
            call.outcome,
            at,
            call.request,
            call.response,
            call.detail_digest,
            call.blind,
            call.signed_digest,
        )
        call.n, call.lane, call.lane_id, call.at = n, lane.names.lane, lane.lane_id, at
        call.leaf = call_leaf(
            lane.names, facts, n=n, total_units=units, total_amount=amount, previous=last.hex()
        )
        call.leaf_hash = last = leaf_hash(call.leaf)
    shares = tuple(_shares(calls, lane.total_amount))
    return LaneBatch(lane, tuple(calls), shares, n, units, amount, last)


def _shares(calls: list[PendingCall], total_amount: int) -> Iterable[LeaseShare]:
    start = 0
    while start < len(calls):
        lease_id = calls[start].reservation.lease.lease_id
        stop = start
        while stop < len(calls) and calls[stop].reservation.lease.lease_id == lease_id:
            stop += 1
        charges = [call.charge for call in calls[start:stop]]
        amount = sum(charge.amount for charge in charges)
        yield LeaseShare(
            lease_id,
            calls[start].n,
            calls[stop - 1].n,
            sum(charge.units for charge in charges),
            sum(charge.free_units for charge in charges),
            amount,
            total_amount,
        )
        total_amount += amount
        start = stop
