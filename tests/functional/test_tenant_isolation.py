"""The second lock: without any filter of ours PostgreSQL shows an organisation its own rows only.

Two pairs trade, each within itself. For every table of the schema, whatever it is called, the rows
that an unfiltered SELECT may show are computed here from what the exchange sees, and must be
exactly the rows that it shows. A new table falls under the same rule on the day it is added.
"""

import json
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from app.core.reach import Reach
from tests.factories.whose_rows import (
    EVERYBODYS,
    EXCHANGE_ONLY,
    OPEN_TO_WRITE,
    OWNERS,
    WITHOUT_ROW_SECURITY,
    declare,
    rows_of,
)

NAMES = ("a", "b")
SPEAKS_FIRST = {"orders": "no order without an approved scenario"}
"""A trigger that fires before the policy is asked: within this reach it finds no scenario."""
NOTHING_THERE = {
    # No chain runs beside these tests; nobody asked for an anchor; every entry has been sequenced.
    "anchor_requests",
    "anchors",
    "chain_deployments",
    "chain_health",
    "chain_keys",
    "chain_licences",
    "chain_statements",
    "log_waiting",
    # No product is made from others here; `test_registry_http` shows rows of these.
    "registry_inputs",
    # No listing here says when its records happened; `test_live_quality` shows rows of these.
    "event_times",
    # Nobody gave a registration to another supplier here; `test_transfers` shows rows of these.
    "registration_transfers",
    "registry_successions",
    # Nobody objected, appealed, revoked, suspended, sat on a panel or changed the policy here;
    # `test_registrations` and `test_review_day` show rows of these.
    "appeals",
    "objections",
    "panel_seats",
    "panels",
    "review_policies",
    "reviewer_specialities",
    "platform_statements",
    # Nobody pays another price here; `test_price_alarms` shows rows of these.
    "price_alarms",
    "revocations",
    "suspensions",
    # No product has a second version here; `test_next_versions` shows rows of these.
    "carried_answers",
    # Nobody asked for details to be erased; `test_erasure_requests` shows rows of these.
    "erasures",
    # Nobody lost password or authenticator; `test_access_resets` shows rows of these.
    "access_resets",
    # No money came unexplained here; `test_suspense` and `test_bank_arrivals` show rows of these.
    "bank_arrivals",
    "suspense_returns",
    "suspense_assignments",
    # Everybody pays here; `test_write_offs` shows rows of these.
    "write_off_items",
    "write_offs",
    # Nobody asked for money back here; `test_withdrawals` shows rows of these.
    "withdrawals",
    # No witness is asked here; `test_witness_keeper` shows rows of these.
    "checkpoint_cosignatures",
    "witness_standings",
    "witnessed_checkpoints",
    # No provider is configured here; `test_payments_http` shows rows of these.
    "payment_disputes",
    "payment_events",
    "payment_findings",
    "payment_movements",
    "payment_operations",
    "payment_references",
    "payment_sweeps",
}


def test_every_table_forces_row_security_on_its_owner_too(connection):
    unlocked = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND NOT (relrowsecurity AND relforcerowsecurity)"
    )
    assert {name for (name,) in unlocked} == WITHOUT_ROW_SECURITY
    views = "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = %s"
    assert not connection.execute(views + "::regnamespace", ("public",)).fetchall(), (
        "a view would run with its owner's rights"
    )


def test_the_proof_is_about_rows_that_are_there(everything, organisations):
    """An empty table proves nothing; both pairs must have rows wherever anybody can."""
    empty = {table for table, rows in everything.rows.items() if not rows}
    # Not equal: other tests of this exchange may have filled some of them.
    assert {name for name in empty if not name.startswith("usage_events_")} <= NOTHING_THERE
    for table, rows in everything.rows.items():
        owned = set().union(*(everything.owners(table, row) for row in rows.values()), set())
        assert "" not in owned, f"{table} has rows of the organisation without a name"
        if table in EXCHANGE_ONLY or table in EVERYBODYS or table in empty:
            continue
        pairs = {
            name[0] for name, organisation_id in organisations.items() if organisation_id in owned
        }
        assert pairs == set(NAMES), f"{table} has rows of {pairs} only"


@pytest.mark.parametrize("who", ["a supplier", "a buyer", "b supplier", "b buyer"])
def test_an_unfiltered_read_shows_an_organisation_its_rows_and_what_is_public(
    connection, at_once, organisations, who
):
    declare(connection, Reach.organisation(organisations[who]))
    for table in at_once.columns:
        shown = set(rows_of(connection, table))
        assert shown == at_once.shown_to(table, organisations[who]), table


@pytest.mark.parametrize("reach", [Reach.PUBLIC, Reach("organisation"), Reach(""), None])
def test_whoever_is_no_organisation_sees_what_is_public(connection, at_once, reach):
    if reach:
        declare(connection, reach)
    for table in at_once.columns:
        shown = set(rows_of(connection, table))
        assert shown == at_once.shown_to(table, None), table


def test_what_a_pair_keeps_to_itself_is_nowhere_in_what_the_other_sees(
    connection, everything, organisations
):
    """Independent of the rule above: the other pair's secrets, wherever they might stand."""
    secrets = {
        organisations["b buyer"],
        *(row["id"] for row in everything.rows["orders"].values()),
        *(row["id"] for row in everything.rows["licences"].values()),
        *(row["id"] for row in everything.rows["scenarios"].values()),
        *(row["email"] for row in everything.rows["people"].values()),
        *(row["secret_hash"] for row in everything.rows["api_keys"].values()),
        *(row["secret_hash"] for row in everything.rows["collector_keys"].values()),
    }
    for side in ("supplier", "buyer"):
        declare(connection, Reach.organisation(organisations[f"a {side}"]))
        own = "".join(text for table in everything.columns for text in rows_of(connection, table))
        foreign = foreign_secrets(everything, organisations, secrets)
        assert [secret for secret in sorted(foreign) if secret in own] == []


def foreign_secrets(everything, organisations, secrets):
    """The secrets that stand in no row of pair A."""
    pair = {organisations["a supplier"], organisations["a buyer"]}
    tables = ("orders", "licences", "scenarios", "people", "api_keys", "collector_keys")
    rows = [(table, row) for table in tables for row in everything.rows[table].values()]
    ours = {
        value
        for table, row in rows
        if everything.owners(table, row) & pair
        for value in row.values()
        if isinstance(value, str)
    }
    return secrets - ours


def insert(connection, table, row):
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = ''",
        (table,),
    )
    columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in found)
    statement = sql.SQL(
        "INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE"
        " SELECT {1} FROM jsonb_populate_record(NULL::{0}, %s::jsonb)"
    )
    connection.execute(statement.format(sql.Identifier(table), columns), (json.dumps(row),))


def test_a_row_of_another_organisation_cannot_be_written(connection, everything, organisations):
    pair = {organisations["b supplier"], organisations["b buyer"]}
    for reach in (Reach.organisation(organisations["a buyer"]), Reach.PUBLIC):
        declare(connection, reach)
        for table, rows in everything.rows.items():
            foreign = [row for row in rows.values() if everything.owners(table, row) & pair]
            for row in (foreign or list(rows.values()))[:1] if table not in OPEN_TO_WRITE else []:
                with pytest.raises(psycopg.Error) as refusal, connection.transaction():
                    insert(connection, table, row)
                assert SPEAKS_FIRST.get(table, "row-level security") in str(refusal.value), table


REFUSED = {
    "23": "another row's key",
    "42501": "row-level security",
    "JN": "the books",
    "P0001": "the log",
}
"""Beginnings of the SQL states in which a change is refused, whoever tries it."""


@contextmanager
def undone(connection):
    """Whatever happens inside is taken back; a refusal is no failure."""
    connection.execute("SAVEPOINT undone")
    try:
        yield
    except psycopg.Error as error:
        if not (error.sqlstate or "").startswith(tuple(REFUSED)):
            raise
    finally:
        connection.execute("ROLLBACK TO SAVEPOINT undone")


@pytest.mark.parametrize(
    "verb", ["UPDATE {0} t SET {1} = {1} RETURNING", "DELETE FROM {0} t RETURNING"]
)
def test_an_unfiltered_change_reaches_nobody_else_s_rows(
    connection, everything, organisations, verb
):
    me = organisations["a supplier"]
    declare(connection, Reach.organisation(me))
    for table, columns in everything.columns.items():
        plain = min(columns)
        change = sql.SQL(verb + " to_jsonb(t)").format(sql.Identifier(table), sql.Identifier(plain))
        with undone(connection):
            for (row,) in connection.execute(change).fetchall():
                assert me in everything.owners(table, row), table


def test_a_row_cannot_be_given_to_another_organisation(connection, everything, organisations):
    me, other = organisations["a buyer"], organisations["b buyer"]
    declare(connection, Reach.organisation(me))
    for table, columns in everything.columns.items():
        owners = [column for column in OWNERS if column in columns]
        if not owners or table in EVERYBODYS:
            continue
        change = sql.SQL("UPDATE {} SET {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(other))
                for column in owners
            ),
        )
        with undone(connection):
            changed = connection.execute(change).rowcount
            assert changed == 0, f"{changed} rows of {table} went to another organisation"
