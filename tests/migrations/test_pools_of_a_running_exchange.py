"""0012 moves what a running exchange has granted, spent and out on lease into pools."""

import itertools
import os
from datetime import UTC, datetime

import psycopg
import pytest

from app import embedded_postgres
from metering.leases.reclaiming import reclaim_lanes
from migrations.run import downgrade, upgrade
from tests.fakes.metering_ports import TABLES, FakeWallets

_numbers = itertools.count()
ENTITLEMENT = """
INSERT INTO entitlements (licence_id, order_id, agreement_id, buyer_id, supplier_id, listing_code,
    version_id, scenario_id, plan_id, plan_hash, plan_terms, terms, terms_hash, split, currency,
    state, starts_at, ends_at, changed_at, granted_units, spent_units, leased_units,
    granted_free_units, spent_free_units, leased_free_units, spent_amount, leased_amount)
VALUES (%s, 'ord', 'agr', 'org_b', 'org_s', 'S', 'ver', 'scn', 'pln', 'x', %s, '{}', 'x', '{}',
    'CNY', %s, '2026-10-01Z', '2027-10-01Z', '2026-11-01Z', %s, %s, %s, %s, %s, %s, %s, %s)
"""
LANE = """
INSERT INTO lanes (lane_id, licence_id, buyer_id, number, holder, epoch, expires_at,
    last_leaf_hash, opened_at)
VALUES ('lan', 'lic_call', 'org_b', 1, 'wrk', 1, '2026-11-19 16:00:15Z',
    decode(repeat('00', 32), 'hex'), '2026-11-19Z')
"""
LEASE = """
INSERT INTO leases (lease_id, lane_id, licence_id, buyer_id, epoch, calls, units, spent_units,
    free_units, spent_free_units, amount, spent_amount, opened_at, closed_at)
VALUES (%s, 'lan', 'lic_call', 'org_b', 1, 10, 10, 4, 3, 3, 280000000, 40000000,
    '2026-11-19 15:59:59Z', %s)
"""
PER_CALL = '{"kind": "per_call", "unit": "hit", "unit_price": "0.40000000", "free_units": 20}'
PACKAGE = '{"kind": "package", "unit": "call", "package_units": 100, "free_units": 0}'


@pytest.fixture
def running(postgres):
    """A database as release 1 left it: a package half used, and a lease of a dead worker."""
    name = f"running_{os.getpid()}_{next(_numbers)}"
    url = embedded_postgres.ensure_database(postgres, name)
    upgrade(url, "0011_batch_booking")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT set_config('counterfoil.reach', 'exchange', false)")
        given = ("lic_call", PER_CALL, "active", None, 44, 10, 20, 9, 3, 1_400_000_000, 280_000_000)
        connection.execute(ENTITLEMENT, given)
        connection.execute("UPDATE entitlements SET leased_calls = 10")
        given = ("lic_pack", PACKAGE, "active", 100, 60, 5, 0, 0, 0, 0, 0)
        connection.execute(ENTITLEMENT, given)
        given = ("lic_gone", PACKAGE, "revoked", 100, 60, 0, 0, 0, 0, 0, 0)
        connection.execute(ENTITLEMENT, given)
        connection.execute(LANE)
        connection.execute(LEASE, ("lse_open", None))
        connection.execute(LEASE, ("lse_done", "2026-11-19 16:00:01Z"))
        yield url, connection
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


POOLS = """
SELECT licence_id, kind, unit_price, granted_units, spent_units, leased_units
FROM allowance_pools ORDER BY licence_id, position
"""


def test_what_was_granted_spent_and_leased_is_in_pools(running):
    url, connection = running
    upgrade(url, "0012_pools")
    assert connection.execute(POOLS).fetchall() == [
        ("lic_call", "free", 0, 20, 9, 3),
        ("lic_call", "priced", 40_000_000, None, 35, 7),
        ("lic_gone", "included", 0, 100, 60, 0),
        ("lic_pack", "included", 0, 100, 60, 5),
    ]
    periods = "SELECT licence_id, state, until_at::date::text FROM licence_periods ORDER BY 1"
    assert connection.execute(periods).fetchall() == [
        ("lic_call", "open", "2027-10-01"),
        ("lic_gone", "open", "2026-11-01"),
        ("lic_pack", "open", "2027-10-01"),
    ]
    days = "SELECT day::text, spent_amount, leased_amount FROM spending_days"
    assert connection.execute(days).fetchall() == [("2026-11-19", 40_000_000, 280_000_000)]


def hold_in_a_wallet(connection):
    connection.execute(TABLES)
    connection.execute("INSERT INTO fake_wallets VALUES ('org_b', 0)")
    connection.execute("INSERT INTO fake_holds VALUES ('lse_open', 'org_b', 280000000, NULL)")


def reclaim(connection, at):
    with connection.transaction():
        return reclaim_lanes(connection, FakeWallets(), at=at, limit=10)


def test_an_open_lease_of_before_returns_to_its_pools(running):
    url, connection = running
    upgrade(url)
    hold_in_a_wallet(connection)
    assert reclaim(connection, datetime(2026, 11, 20, tzinfo=UTC)) == 1
    assert connection.execute(POOLS).fetchall()[:2] == [
        ("lic_call", "free", 0, 20, 12, 0),
        ("lic_call", "priced", 40_000_000, None, 36, 0),
    ]
    days = "SELECT spent_amount, leased_amount FROM spending_days"
    assert connection.execute(days).fetchall() == [(80_000_000, 0)]


def test_going_back_keeps_the_entitlements_own_sums(running):
    url, connection = running
    upgrade(url, "0012_pools")
    downgrade(url, "0011_batch_booking")
    sums = "SELECT granted_units, spent_units FROM entitlements ORDER BY licence_id"
    assert connection.execute(sums).fetchall() == [(None, 44), (100, 60), (100, 60)]


@pytest.mark.parametrize(
    ("cap", "after"), [(None, None), (50_000_000, 320_000_000), (10**9, 10**9)]
)
def test_a_day_from_which_another_days_lease_was_subtracted_is_counted_anew(running, cap, after):
    url, connection = running
    upgrade(url, "0079_cured_suspensions")
    hold_in_a_wallet(connection)
    connection.execute("UPDATE spending_days SET leased_amount = 0, cap_amount = %s", (cap,))
    assert reclaim(connection, datetime(2026, 11, 20, tzinfo=UTC)) == 0
    upgrade(url, "0080_days_of_open_leases")
    day = "SELECT cap_amount, spent_amount, leased_amount FROM spending_days"
    assert connection.execute(day).fetchall() == [(after, 40_000_000, 280_000_000)]
    assert reclaim(connection, datetime(2026, 11, 21, tzinfo=UTC)) == 1
    assert connection.execute(day).fetchall() == [(after, 80_000_000, 0)]
    assert connection.execute("SELECT balance FROM fake_wallets").fetchall() == [(240_000_000,)]
