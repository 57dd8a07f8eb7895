"""What a worker knows of a licence adds up, whichever of its keys the leases were taken for."""

from metering.leases.meters import Headroom, Lane, Lease, Meter
from metering.leaves import LaneNames

LANE = Lane("lan_1", LaneNames("lic_1", "ver_1", "scn_1", "h", "CNY", 1), 1, 0, 0, 0, b"")


def leased(meter, lease_id, calls, key_id, beyond):
    """A lease of so many calls, each one unit at a price of 1."""
    meter.add(LANE, Lease(lease_id, calls, calls, 0, calls, key_id=key_id), beyond)


def test_a_lease_for_one_key_is_not_counted_again_for_another():
    meter = Meter("lic_1", "org_buyer")
    leased(meter, "lse_1", 10, "key_capped", Headroom(90, 90, 40, 990))
    leased(meter, "lse_2", 30, None, Headroom(60, 60, None, 960))
    whole = (100, 100)
    assert meter.headroom("key_capped") == Headroom(*whole, 50, 1_000)
    assert meter.headroom() == Headroom(*whole, None, 1_000)


def test_nothing_is_said_of_what_was_never_looked_at():
    assert Meter("lic_1", "org_buyer").headroom() == Headroom()
