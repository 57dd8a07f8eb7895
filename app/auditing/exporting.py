"""A regulator's export: every record of an organisation in a period, whole, with proofs."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auditing.answering import answer_question, get_question
from app.auditing.errors import AuditExportTooLarge
from app.auditing.evidence import describe, seal_documents
from app.auditing.methods.exports import ENTRIES
from app.auditing.rules import Scope
from app.core.canonical import canonical_bytes
from app.core.clock import iso_instant
from app.core.unit_of_work import UnitOfWork
from ledger.log.bundle_services import Bundle
from ledger.log.keys import LogKeys
from ledger.log.ports import AnchorSource
from ledger.log.sequencing.succession import current_keys

QUESTION = 19
ROWS_MAX = 50_000
ENTRIES_MAX = 20_000

OWNERS = ("organisation_id", "buyer_id", "supplier_id", "contributor_id", "transferee_id")
"""Columns that say whose a row is."""

TIMES = (
    "recorded_at", "occurred_at", "placed_at", "issued_at", "booked_at", "agreed_at",
    "submitted_at", "requested_at", "proposed_at", "opened_at", "given_at", "settled_at",
    "registered_at", "published_at", "added_at", "granted_at", "asked_at", "created_at",
    "received_at", "noted_at", "set_at", "started_at", "queued_at", "frozen_at", "evaluated_at",
    "from_at", "taken_at", "matched_at", "bucket_at", "hour", "decided_at", "changed_at",
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


def export_organisation(
    uow: UnitOfWork,
    *,
    keys: LogKeys,
    anchors: AnchorSource,
    organisation_id: str,
    from_at: datetime,
    until_at: datetime,
) -> Bundle:
    """One sealed archive: ``records/<table>.json``, the log's leaves with proofs, the answer to 19.

    Needs the exchange's reach. Raises `AuditExportTooLarge`, `CheckpointNotPublished`.
    """
    scope = Scope(uow.now, from_at, until_at, organisation_id=organisation_id)
    question = get_question(keys, QUESTION)
    answer = answer_question(uow.session, question, scope, after=None, limit=1_000)
    documents = {"answer.json": canonical_bytes(_told(answer, keys, uow))}
    left = ROWS_MAX
    for table, columns in _owned_tables(uow.session).items():
        rows = _rows(uow.session, table, columns, scope, most=left + 1)
        if len(rows) > left:
            raise AuditExportTooLarge(ROWS_MAX + 1, ROWS_MAX)
        left -= len(rows)
        documents[f"records/{table}.json"] = _as_lines(rows)
    leaf_hashes = _leaf_hashes(uow.session, scope)
    return seal_documents(uow, documents, leaf_hashes, keys=keys, anchors=anchors)


def _told(answer: Any, keys: LogKeys, uow: UnitOfWork) -> dict[str, Any]:
    return describe(answer, origin=current_keys(uow.session, keys).origin, at=iso_instant(uow.now))


def _as_lines(rows: list[str]) -> bytes:
    """A JSON array with a row on each line; numbers stand as the database wrote them."""
    return ("[" + ",\n".join(rows) + "]\n").encode()


def _owned_tables(session: Session) -> dict[str, list[str]]:
    """Every table whose rows say whose they are, with its columns; partitions by their whole."""
    found = session.execute(
        text(
            "SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) AS columns"
            " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
            " AND NOT a.attisdropped WHERE c.relnamespace = 'public'::regnamespace"
            " AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
            " GROUP BY c.relname HAVING array_agg(a.attname::text) && CAST(:owners AS text[])"
            " OR c.relname = 'organisations'"
            " ORDER BY c.relname"
        ),
        {"owners": list(OWNERS)},
    )
    return {row.relname: row.columns for row in found if row.relname not in NOT_EXPORTED}


def withheld(table: str) -> tuple[str, ...]:
    """The columns of a table that an export leaves out."""
    return (*SECRETS, *SECRETS_OF.get(table, ()))


def _rows(
    session: Session, table: str, columns: list[str], scope: Scope, *, most: int
) -> list[str]:
    named = ("id",) if table == "organisations" else OWNERS
    owners = " OR ".join(f"t.{name} = :organisation_id" for name in named if name in columns)
    times = [f"t.{name}" for name in TIMES if name in columns and table not in WHOLE]
    at = f"coalesce({', '.join(times)}, :from_at)"
    within = f" AND {at} >= :from_at AND {at} < :until_at" if times else ""
    secrets = "{" + ",".join(withheld(table)) + "}"
    told = OF_SECRETS.get(table, "'{}'")
    query = (
        f"SELECT (to_jsonb(t) - CAST(:secrets AS text[]) || {told})::text FROM {table} t"  # noqa: S608 -- names from the catalogue
        f" WHERE ({owners}){within} LIMIT :most"
    )
    rows = session.scalars(text(query), {**scope.parameters, "secrets": secrets, "most": most})
    return sorted(json.dumps(json.loads(row), sort_keys=True, ensure_ascii=False) for row in rows)


def _leaf_hashes(session: Session, scope: Scope) -> list[str]:
    query = (
        "SELECT encode(e.leaf_hash, 'hex') FROM log_entries e WHERE e.arrival IN"  # noqa: S608 -- our own text
        f" ({scope.narrow(ENTRIES)}) ORDER BY e.arrival LIMIT :most"
    )
    found = list(session.scalars(text(query), {**scope.parameters, "most": ENTRIES_MAX + 1}))
    if len(found) > ENTRIES_MAX:
        raise AuditExportTooLarge(len(found), ENTRIES_MAX)
    return found
