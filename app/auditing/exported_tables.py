"""What an export tells of the tables: whose rows, from when, without which columns, in portions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from app.auditing.rules import Scope
from app.core.paging import InvalidCursor

OWNERS = ("organisation_id", "buyer_id", "supplier_id", "contributor_id", "transferee_id")
"""Columns that say whose a row is."""

TIMES = (
    "recorded_at", "occurred_at", "placed_at", "issued_at", "booked_at", "agreed_at",
    "submitted_at", "requested_at", "proposed_at", "opened_at", "given_at", "settled_at",
    "registered_at", "published_at", "added_at", "granted_at", "asked_at", "created_at",
    "received_at", "noted_at", "set_at", "started_at", "queued_at", "frozen_at", "evaluated_at",
    "from_at", "taken_at", "matched_at", "bucket_at", "hour", "decided_at", "changed_at",
    "rated_at",
)  # fmt: skip
"""Columns that say when a row came to be; the first that is not null decides, none means always."""

WHOLE = frozenset(
    {"organisations", "people", "data_products", "licences", "journal_accounts", "wallets"}
)
"""Tables of which everything is told, whenever it began: the period's records refer to it."""

NOT_EXPORTED = {
    "refresh_tokens": "credentials",
    "second_factors": "credentials",
    "signed_in_sessions": "credentials",
    "upstream_credentials": "credentials",
    "call_keys": "hashes of credentials; the keys themselves are in api_keys",
    "call_answers": "sealed answers, which hold payload",
    "delivery_routes": "addresses of a supplier's own systems",
    "webhook_endpoints": "secrets of a receiver",
    "spend_buckets": "working sums of an alert",
}
"""Tables with an owner that an export leaves out, each with the reason."""

SECRETS = (
    "password_hash", "secret_hash", "secret_ciphertext", "previous_ciphertext", "details_sealed",
    "sealed", "ciphertext", "detail_key", "detail", "token_version", "raw_transaction",
    "key_ciphertext", "keys_sealed",
)  # fmt: skip
"""Columns that never leave the database."""

OF_SECRETS = {
    "usage_events": "jsonb_build_object('purpose',"
    " convert_from(t.detail, 'UTF8')::jsonb->'purpose')",
}
"""What an export tells of a table's secret columns."""

SECRETS_OF = {"access_resets": ("token_hash",)}
"""Columns that are secret in one table only."""


KEYS = {"usage_events": ["lane_id", "n"]}
"""What is unique where no primary key says so: partitions of time have none over the whole."""


@dataclass(frozen=True)
class Table:
    """A table of the catalogue: its columns with their types, and the names of its key."""

    name: str
    columns: Mapping[str, str]
    key: Sequence[str]


@dataclass(frozen=True)
class Row:
    """A row as JSON, numbers as the database writes them, and its key, by which rows follow."""

    key: tuple[str, ...]
    text: str


def owned_tables(session: Session) -> dict[str, Table]:
    """Every table whose rows say whose they are, by name; partitions by their whole."""
    found = session.execute(
        text(
            "SELECT c.relname,"
            " jsonb_object_agg(a.attname, format_type(a.atttypid, NULL)) AS columns,"
            " array_agg(a.attname::text ORDER BY k.at) FILTER (WHERE k.at IS NOT NULL) AS key"
            " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
            " AND NOT a.attisdropped LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary"
            " CROSS JOIN LATERAL (SELECT array_position(i.indkey::smallint[], a.attnum)) k(at)"
            " WHERE c.relnamespace = 'public'::regnamespace"
            " AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " GROUP BY c.relname HAVING array_agg(a.attname::text) && CAST(:owners AS text[])"
            " OR c.relname = 'organisations'"
            " ORDER BY c.relname"
        ),
        {"owners": list(OWNERS)},
    )
    tables = [Table(row.relname, row.columns, row.key or KEYS[row.relname]) for row in found]
    return {table.name: table for table in tables if table.name not in NOT_EXPORTED}


def withheld(table: str) -> tuple[str, ...]:
    """The columns of a table that an export leaves out."""
    return (*SECRETS, *SECRETS_OF.get(table, ()))


def read_rows(
    session: Session, table: Table, scope: Scope, *, after: tuple[str, ...], most: int
) -> list[Row]:
    """Up to ``most`` rows of the scope behind a key, () for the first. Raises `InvalidCursor`."""
    key = ", ".join(f"t.{name}" for name in table.key)
    told = OF_SECRETS.get(table.name, "'{}'")
    query = (
        f"SELECT array[{', '.join(f't.{name}::text' for name in table.key)}] AS key,"  # noqa: S608 -- names from the catalogue
        f" (to_jsonb(t) - CAST(:secrets AS text[]) || {told})::text AS row FROM {table.name} t"
        f" WHERE {' AND '.join([_owned(table), *_within(table), *_behind(table, key, after)])}"
        f" ORDER BY {key} LIMIT :most"
    )
    given = {
        "secrets": list(withheld(table.name)),
        "most": most,
        **{f"after_{at}": part for at, part in enumerate(after)},
    }
    try:
        rows = session.execute(text(query), {**scope.parameters, **given})
    except DataError:
        if not after:
            raise
        raise InvalidCursor from None
    return [Row(tuple(row.key), row.row) for row in rows]


def _owned(table: Table) -> str:
    named = ("id",) if table.name == "organisations" else OWNERS
    owners = [f"t.{name} = :organisation_id" for name in named if name in table.columns]
    return f"({' OR '.join(owners)})"


def _within(table: Table) -> list[str]:
    if table.name in WHOLE:
        return []
    times = [f"t.{name}" for name in TIMES if name in table.columns]
    at = f"coalesce({', '.join([*times, ':from_at'])})"
    return [f"{at} >= :from_at", f"{at} < :until_at"] if times else []


def _behind(table: Table, key: str, after: tuple[str, ...]) -> list[str]:
    if not after:
        return []
    if len(after) != len(table.key):
        raise InvalidCursor
    types = [table.columns[name] for name in table.key]
    bounds = [f"CAST(:after_{at} AS {kind})" for at, kind in enumerate(types)]
    return [f"({key}) > ({', '.join(bounds)})"]
