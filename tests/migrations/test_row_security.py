"""Each policy of every table, asked as the application's role about rows that the test made.

`test_tenant_isolation` asks the same of an exchange that trades. Here no table is empty and each
owner has a row in each of its states, so that a policy which says a little too much, or too
little, is seen in whatever table it stands.
"""

import itertools

import psycopg
import pytest
from psycopg import sql

from app.core.reach import Reach
from tests.factories.rows_of_every_table import (
    ME,
    OTHER,
    fill_every_table,
    owner_columns,
    write,
)
from tests.factories.whose_rows import OPEN_TO_WRITE, Everything, declare, rows_of

NOBODY = [
    Reach.organisation("a stranger"),
    Reach.organisation(""),
    Reach.PUBLIC,
    Reach("public", ME),
    Reach("", ME),
    Reach(""),
]
"""Reaches that own no row, one of them the undeclared; a name alone opens nothing."""

WRITTEN_BY_OWNERS = {
    "access_resets",
    "acknowledged_lanes",
    "acknowledgement_keys",
    "acknowledgements",
    "agreement_shares",
    "agreements",
    "allowance_pools",
    "answer_times",
    "api_keys",
    "approved_scenarios",
    "bank_accounts",
    "call_answers",
    "call_consents",
    "call_keys",
    "collector_keys",
    "consent_registers",
    "consents",
    "contributions",
    "custom_offers",
    "data_products",
    "delivery_failures",
    "demand_buyers",
    "demands",
    "denial_counts",
    "documents",
    "entitlements",
    "event_times",
    "evidence_modes",
    "evidence_records",
    "held_licences",
    "key_caps",
    "lanes",
    "lapses",
    "lease_pools",
    "leases",
    "licence_periods",
    "licences",
    "listing_parties",
    "listings",
    "live_quality_days",
    "live_quality_standings",
    "log_parties",
    "narrowings",
    "notice_feeds",
    "notices",
    "objections",
    "offers",
    "orders",
    "organisations",
    "people",
    "plans",
    "price_alarms",
    "product_versions",
    "pseudonym_keys",
    "quality_reports",
    "quality_samples",
    "ratings",
    "refresh_tokens",
    "registration_transfers",
    "registry_entries",
    "request_signers",
    "role_grants",
    "scenarios",
    "second_factors",
    "signed_in_sessions",
    "signed_requests",
    "spend_alerts",
    "spending_days",
    "top_ups",
    "upstream_credentials",
    "usage_events",
    "usage_events_default",
    "verification_decisions",
    "webhook_attempts",
    "webhook_deliveries",
    "webhook_endpoints",
    "withdrawals",
}
"""What a transaction within an organisation's reach may write of its own rows.

Everything else is written by the exchange alone: by its staff, its worker and its reactions.
"""


@pytest.fixture
def filled(bare):
    """The rows of every table by its name, as they were written."""
    return fill_every_table(bare)


@pytest.fixture
def everything(bare, filled):
    """The same rows as the exchange reads them, and whose each is."""
    seen = Everything(bare)
    assert {table: len(rows) for table, rows in seen.rows.items()} == {
        table: len(rows) for table, rows in filled.items()
    }
    return seen


def changed(connection, statement, table, *parts):
    """How many rows the statement reaches; none of it stays."""
    with connection.transaction(force_rollback=True):
        return connection.execute(sql.SQL(statement).format(sql.Identifier(table), *parts)).rowcount


def may_write(connection, table, row):
    """Whether row security lets the row be written."""
    try:
        with connection.transaction(force_rollback=True):
            write(connection, table, [row])
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def is_month_of_usage(table):
    """A partition has its parent's policies again; a test's own clock says which there are."""
    return table.startswith("usage_events_")


def owned(everything, table):
    """The rows of a table that ME may write."""
    if table not in WRITTEN_BY_OWNERS and not is_month_of_usage(table):
        return []
    return [row for row in everything.rows[table].values() if ME in everything.owners(table, row)]


def test_every_table_has_rows_of_each_owner(everything):
    for table, columns in everything.columns.items():
        mine = [row for row in everything.rows[table].values() if ME in row.values()]
        assert bool(mine) == bool(owner_columns(table, columns)), table


def test_the_exchange_reads_and_writes_everything(bare, everything, filled):
    declare(bare, Reach.EXCHANGE)
    for table, rows in filled.items():
        assert all(may_write(bare, table, row) for row in rows), table
        assert changed(bare, "DELETE FROM {}", table) == len(rows), table


def test_an_organisation_reads_its_rows_and_what_is_public(bare, everything):
    declare(bare, Reach.organisation(ME))
    for table in everything.columns:
        assert set(rows_of(bare, table)) == everything.shown_to(table, ME), table


def test_whoever_owns_nothing_reads_what_is_public(bare, everything):
    for reach, table in itertools.product(NOBODY, everything.columns):
        declare(bare, reach)
        shown = set(rows_of(bare, table))
        assert shown == everything.shown_to(table, None), (reach, table)


def test_an_organisation_changes_its_own_rows_only_and_only_where_listed(bare, everything):
    declare(bare, Reach.organisation(ME))
    for table, columns in everything.columns.items():
        mine, column = len(owned(everything, table)), sql.Identifier(min(columns))
        assert changed(bare, "DELETE FROM {}", table) == mine, table
        assert changed(bare, "UPDATE {} SET {} = {}", table, column, column) == mine, table


def test_an_organisation_writes_its_own_rows_only_and_only_where_listed(bare, everything, filled):
    mine = {table: owned(everything, table) for table in filled}
    declare(bare, Reach.organisation(ME))
    for table, rows in filled.items():
        written = [row for row in rows if may_write(bare, table, row)]
        expected = rows if table in OPEN_TO_WRITE else mine[table]
        assert len(written) == len(expected), table
        theirs = [row for row in written if ME not in everything.owners(table, row)]
        assert theirs == [] or table in OPEN_TO_WRITE, table


def test_a_row_is_not_given_to_somebody_else(bare, everything):
    declare(bare, Reach.organisation(ME))
    for table, columns in everything.columns.items():
        owners = [sql.Identifier(name) for name in owner_columns(table, columns)]
        if owners and owned(everything, table):
            gift = sql.SQL(", ").join(
                sql.SQL("{} = {}").format(each, sql.Literal(OTHER)) for each in owners
            )
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                changed(bare, "UPDATE {} SET {}", table, gift)


def test_whoever_owns_nothing_writes_and_changes_nothing(bare, filled):
    for reach, (table, rows) in itertools.product(NOBODY, filled.items()):
        declare(bare, reach)
        assert changed(bare, "DELETE FROM {}", table) == 0, (reach, table)
        written = [row for row in rows if may_write(bare, table, row)]
        assert written == (rows if table in OPEN_TO_WRITE else []), (reach, table)
