"""Whatever the code does, the database refuses to hold more spent and leased than was granted."""

import psycopg
import pytest

from metering.ports import UpstreamAnswer
from tests.factories.metering import World, call, package, per_call
from tests.fakes.metering_ports import HeldUpstream

HIT = UpstreamAnswer(200, b'{"iata":"PVG","name":"Pudong"}')
OVERSOLD = {
    "ck_entitlements_calls": "UPDATE entitlements SET leased_calls = granted_calls + 1",
    "ck_entitlements_units": "UPDATE entitlements SET leased_units = granted_units + 1",
    "ck_entitlements_free_units": (
        "UPDATE entitlements SET leased_free_units = granted_free_units + 1"
    ),
    "ck_entitlements_amount": "UPDATE entitlements SET cap_amount = spent_amount + 1,"
    " leased_amount = 2",
    "ck_allowance_pools_units": "UPDATE allowance_pools SET leased_units = granted_units + 1",
    "ck_spending_days_amount": (
        "UPDATE spending_days SET cap_amount = spent_amount + 1, leased_amount = 2"
    ),
    "ck_key_caps_amount": "INSERT INTO key_caps (key_id, licence_id, buyer_id, cap_amount,"
    " spent_amount, leased_amount, set_at)"
    " SELECT key_id, licence_id, organisation_id, 2, 1, 2, now() FROM call_keys",
    "ck_leases_calls": "UPDATE leases SET spent_calls = calls + 1",
    "ck_leases_units": "UPDATE leases SET spent_units = units + 1",
    "ck_leases_free_units": "UPDATE leases SET spent_free_units = free_units + 1",
    "ck_leases_amount": "UPDATE leases SET spent_amount = amount + 1",
}


@pytest.fixture
def world(database_url, units, clock, ids):
    made = World(database_url, units, clock, ids)
    made.publish()
    made.fund(10**10)
    plane = made.plane(HeldUpstream(HIT))
    for plan in (package(5), per_call(free_units=1)):
        licensed = made.license(plan, calls_max=5)
        assert [call(plane, licensed, {"iata": "PVG"}).status for _ in range(2)] == [200] * 2
    yield made
    made.close()


def test_no_row_is_spent_and_leased_beyond_what_it_was_granted(world):
    refused = {}
    for constraint, statement in OVERSOLD.items():
        with pytest.raises(psycopg.errors.CheckViolation) as violation:
            world.connection.execute(statement)
        refused[constraint] = violation.value.diag.constraint_name
    assert refused == dict(zip(OVERSOLD, OVERSOLD, strict=True))
