"""Rows in every table, of each owner that a row can have, with nothing but policies to ask.

A superuser writes them past foreign keys and triggers, with every CHECK and key taken off; all of
it is undone with the transaction. The k-th row of every table has k in its texts and numbers, so
that rows which refer to each other do.
"""

import json

from psycopg import sql

from app.embedded_postgres import ROLE
from tests.factories.whose_rows import OWNERS, WITHOUT_ROW_SECURITY

ME, OTHER = "me", "somebody else"
ROWS_MIN = 8
VARIED = {
    "demands": ("state", ("CLOSED", "CLOSED", "CLOSED", "OPEN", "OPEN")),
    "listing_parties": ("is_supplier", (False, True)),
    "listings": ("state", ("DRAFT", "LISTED")),
    "quality_reports": ("is_public", (False, True)),
    "rule_evaluations": ("stage", ("order", "review", "listing")),
    "write_offs": ("state", ("proposed", "agreed", "written_off", "recovered")),
}
"""What decides beside the owners whether a row is shown; each owner has a row of each value."""

_FILLED = {
    "ARRAY": [],
    "boolean": False,
    "bytea": "\\x00",
    "date": "2026-11-20",
    "jsonb": {},
    "timestamp with time zone": "2026-11-20T08:00:00+00:00",
    "tsvector": "",
}

_TAKE_OFF = """
DO $$
DECLARE each record;
BEGIN
    FOR each IN SELECT c.oid::regclass AS part, i.inhparent::regclass AS whole
        FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
            AND pg_get_expr(c.relpartbound, c.oid) <> 'DEFAULT' LOOP
        EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', each.whole, each.part);
    END LOOP;
    FOR each IN SELECT oid, conrelid::regclass AS name, conname FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u') LOOP
        IF EXISTS (SELECT FROM pg_constraint WHERE oid = each.oid AND coninhcount = 0) THEN
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', each.name, each.conname);
        END IF;
    END LOOP;
    FOR each IN SELECT c.oid::regclass AS name FROM pg_index i JOIN pg_class c
        ON c.oid = i.indexrelid WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace
        AND NOT c.relispartition LOOP
        EXECUTE format('DROP INDEX %s', each.name);
    END LOOP;
END $$
"""
_COLUMNS = """
SELECT c.table_name::text, array_agg(c.column_name::text), array_agg(c.data_type::text),
    bool_or(t.relispartition)
FROM information_schema.columns c JOIN pg_class t ON t.oid = to_regclass('public.' || c.table_name)
WHERE c.table_schema = 'public' AND c.is_generated = 'NEVER' AND t.relkind IN ('r', 'p')
GROUP BY c.table_name ORDER BY c.table_name
"""


def fill_every_table(connection):
    """Write the rows, and tell them by table; from here on the connection is the application's."""
    connection.execute(_TAKE_OFF)
    filled = {}
    for table, columns, kinds, is_partition in connection.execute(_COLUMNS).fetchall():
        if table not in WITHOUT_ROW_SECURITY:
            filled[table] = list(_rows(table, dict(zip(columns, kinds, strict=True))))
            if not is_partition:  # what is written to the whole stands in the part that is left
                write(connection, table, filled[table])
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(ROLE)))
    return filled


def write(connection, table, rows):
    """Insert the rows, all or none."""
    statement = sql.SQL(
        "INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE"
        " SELECT {1} FROM jsonb_populate_recordset(NULL::{0}, %s::jsonb)"
    ).format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, rows[0])))
    connection.execute(statement, (json.dumps(rows),))


def owner_columns(table, columns):
    """The columns that name whose row it is."""
    return ["id"] if table == "organisations" else [name for name in OWNERS if name in columns]


def _rows(table, kinds):
    owners = owner_columns(table, kinds)
    nobodys = dict.fromkeys(owners, OTHER)
    column, values = VARIED.get(table, (None, (None, None)))
    variants = [
        nobodys | whose | ({column: value} if column else {})
        for whose in ({}, *({name: ME} for name in owners))
        for value in values
    ]
    for k in range(1, max(ROWS_MIN, len(variants)) + 1):
        given = variants[(k - 1) % len(variants)]
        yield {name: given.get(name, _filled(kind, k)) for name, kind in kinds.items()}


def _filled(kind, k):
    return {"text": f"v{k}", "bigint": k}.get(kind, _FILLED.get(kind))
