"""A row of any table that its own rules accept, whatever it refers to, and rows that they refuse.

Written past foreign keys and triggers, so that only the table's own rules are asked: what may stand
in one row (CHECK) and what may stand there once (UNIQUE).
"""

import json
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
LATER = (AT + timedelta(days=1)).isoformat()
EARLIER = (AT - timedelta(days=1)).isoformat()
HASH = "a" * 64
FEN = 1_000_000

_FILLED = {
    "text": "x",
    "bigint": 1,
    "boolean": False,
    "timestamp with time zone": AT.isoformat(),
    "date": "2026-11-20",
    "jsonb": {},
    "bytea": "\\x" + "00" * 32,
}
"""What a column that must hold something holds, unless a table's row says otherwise."""
_OTHER = {
    "text": "y",
    "bigint": 2,
    "timestamp with time zone": (AT + timedelta(hours=1)).isoformat(),
    "date": "2026-11-21",
}
_OTHER_NAMED = {
    "currency": "USD",
    "month": "2026-12",
    "until_at": (AT + timedelta(days=2)).isoformat(),
}


def without_neighbours(superuser_url, database_url):
    """A connection to a test's database on which neither foreign keys nor triggers are asked."""
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    connection = psycopg.connect(superuser_url, dbname=name)
    connection.execute("SET session_replication_role = replica")
    return connection


def faults(connection, table, valid, refused, once):
    """Which rules of the table do not hold as told; none when all do, and no other is there.

    ``valid`` makes a row that may stand; ``refused`` gives each CHECK the changes of that row that
    it forbids; ``once`` names the columns that two rows must not share.
    """
    row = row_of(connection, table, valid)
    found = [f"{table} has {name}" for name in check_names(connection, table) ^ set(refused)]
    for name, changes in refused.items():
        for change in changes:
            by = refusal(connection, table, row | change)
            found += [] if by == name else [f"{table}.{name} lets {change} stand, or {by} speaks"]
    by = refusal(connection, table, row)
    found += [f"{table} refuses {row} by {by}"] if by else []
    keys = {tuple(sorted(columns.split())) for columns in once}
    found += [f"{table} has {key}" for key in unique_columns(connection, table) ^ keys]
    for key in keys:
        if refusal(connection, table, once_more(connection, table, row, key)) in {None, *refused}:
            found.append(f"{table} takes {key} twice")
    return found


def row_of(connection, table, given):
    """The given columns, and something in every other one that must hold something."""
    needed = {name: _FILLED[kind] for name, kind in _needed(connection, table)}
    return needed | ({"currency": "CNY"} if "currency" in needed else {}) | given


def refusal(connection, table, row):
    """The rule that refuses the row, or nothing; the row stays when it is accepted."""
    statement = sql.SQL(
        "INSERT INTO {0} ({1}) OVERRIDING SYSTEM VALUE"
        " SELECT {1} FROM jsonb_populate_record(NULL::{0}, %s::jsonb)"
    ).format(sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, row)))
    try:
        with connection.transaction():
            connection.execute(statement, (json.dumps(row),))
    except (psycopg.errors.CheckViolation, psycopg.errors.UniqueViolation) as violation:
        return violation.diag.constraint_name
    return None


def once_more(connection, table, row, same):
    """The row again, of its kind, with other keys except in the columns that are the ``same``."""
    kinds = dict(_columns(connection, table))
    keys = {name for columns in unique_columns(connection, table) for name in columns}
    others = keys - {*same, "kind"}
    return row | {name: _OTHER_NAMED.get(name, _OTHER[kinds[name]]) for name in others}


def unique_columns(connection, table):
    """The columns of every unique index of the table, in the order of their names."""
    found = connection.execute(
        "SELECT array(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = i.indrelid"
        " AND a.attnum = ANY (i.indkey) ORDER BY 1) FROM pg_index i"
        " WHERE i.indisunique AND i.indrelid = %s::regclass",
        (table,),
    )
    return {tuple(columns) for (columns,) in found}


def check_names(connection, table):
    """The names of the table's rules on single rows."""
    found = connection.execute(
        "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %s::regclass",
        (table,),
    )
    return {name for (name,) in found}


_COLUMNS = sql.SQL(
    "SELECT column_name, data_type FROM information_schema.columns"
    " WHERE table_schema = 'public' AND table_name = %s"
)


def _columns(connection, table):
    return connection.execute(_COLUMNS, (table,)).fetchall()


def _needed(connection, table):
    needed = _COLUMNS + sql.SQL(" AND is_nullable = 'NO' AND column_default IS NULL")
    return connection.execute(needed, (table,)).fetchall()
