"""An invoice over a million calls is rebuilt byte for byte from every one of them."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from app.core.canonical import canonical_bytes
from app.core.reach import Reach
from ledger.journal.billing.invoices import evidence_services as invoice_evidence_services
from ledger.journal.billing.invoices import services as invoice_services
from tests.factories.billing import LoggedLane, open_licence, statement_ports

CALLS = 1_000_000
LICENCE = "lic_1"
START = datetime(2026, 11, 20, 8, tzinfo=UTC)
AMOUNT, UNITS = 40_000_007, 2
LANE_INDEX = "uq_log_entries_lane"

# Only what an invoice and its rebuilding read is there: instants, numbers, units, amounts, totals.
GENERATE = """
INSERT INTO log_entries (arrival, leaf_hash, body, entry_type, licence_id, lane, n, recorded_at)
SELECT 1000 + n, int8send(n), body, 'call', 'lic_1', 1, n, now()
FROM (
    SELECT n, convert_to(format(
        '{"amount":"40000007","at":"%%s","lane":1,"licence":"lic_1","n":%%s,'
        '"total_amount":"%%s","total_units":%%s,"type":"call","units":2,"v":1}',
        to_char(timestamp '2026-11-20 08:00:01' + n * interval '500 microseconds',
            'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        n, n * %(amount)s, n * %(units)s), 'UTF8') AS body
    FROM generate_series(1::bigint, %(calls)s) n
) made
"""


@pytest.fixture
def superuser(postgres, database_url):
    name = database_url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(postgres.replace("/postgres?", f"/{name}?", 1), autocommit=True) as opened:
        yield opened


def generate(superuser):
    """A million leaves; what keeps and finds leaves but is no part of an invoice is left out."""
    for constraint in ("log_entries_leaf_hash_key", "leaf_hash", "body_length"):
        superuser.execute(f"ALTER TABLE log_entries DROP CONSTRAINT {constraint}")
    for index in ("ix_log_entries_licence_id", "ix_log_entries_recorded_at", LANE_INDEX):
        superuser.execute(f"DROP INDEX {index}")
    superuser.execute(GENERATE, {"amount": AMOUNT, "units": UNITS, "calls": CALLS})
    superuser.execute(
        f"CREATE UNIQUE INDEX {LANE_INDEX} ON log_entries (licence_id, lane, n)"
        " WHERE lane IS NOT NULL"
    )


@pytest.mark.slow
def test_a_million_calls_are_invoiced_and_rebuilt_identically(units, clock, superuser):
    open_licence(
        units,
        buyer="org_b",
        supplier="org_s",
        licence_id=LICENCE,
        order_id="ord_1",
        starts_at=START,
        ends_at=START + timedelta(days=365),
    )
    LoggedLane(units, clock, LICENCE)
    generate(superuser)
    clock.set(START + timedelta(hours=2))
    ports = statement_ports()
    with units.begin(Reach.EXCHANGE) as uow:
        invoice = invoice_services.issue_invoice(
            uow, ports, licence_id=LICENCE, from_at=START, until_at=clock.now()
        )
        uow.commit()
    assert invoice.document["units"] == CALLS * UNITS
    assert invoice.document["usage_amount"] == str(CALLS * AMOUNT)
    clock.advance(seconds=86_400)
    with units.begin(Reach.EXCHANGE) as uow:
        rebuilt = invoice_evidence_services.rebuild_invoice(uow.session, ports, invoice)
    assert canonical_bytes(rebuilt) == canonical_bytes(invoice.document)
