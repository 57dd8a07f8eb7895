"""Whose each row is: the rule that row-level security must keep, told a second time in Python."""

import json

from psycopg import sql

from app.core.reach import Reach

OWNERS = (
    "organisation_id",
    "buyer_id",
    "supplier_id",
    "contributor_id",
    "recipient_id",
    "holder_id",
    "objector_id",
    "transferee_id",
)

WITHOUT_ROW_SECURITY = {"alembic_version"}
"""The schema's own version: it is in the source, and tells nothing about anybody."""

EXCHANGE_ONLY = {
    "account_tallies": "sums that the audit keeps",
    "anchor_requests": "asked by the exchange's staff",
    "bank_arrivals": "money of which nobody knows whose it is",
    "billing_runs": "a month covers every licence",
    "books_cursor": "how far the worker read the books",
    "carried_answers": "the reviewers' own notes, from one version to the next",
    "chain_licences": "the salts of licences on chain",
    "chain_statements": "whose statement it is stands in another table",
    "conflict_declarations": "between a reviewer and the exchange",
    "delivery_routes": "addresses and credentials of upstreams",
    "erasures": "whose persons asked for what is nobody else's",
    "idempotent_responses": "belong to a principal, and are encrypted",
    "item_answers": "the reviewers' own notes",
    "listing_applications": "the listing officers' queue",
    "live_quality_cursors": "how far the worker counted",
    "panel_seats": "the members' own notes",
    "panels": "who decides together is the exchange's own matter",
    "scenario_declarations": "between a reviewer and the exchange",
    "platform_statements": "how the exchange itself meets its duties",
    "reviewer_specialities": "what each of the exchange's reviewers knows",
    "revocations": "what a panel of the exchange decides",
    "suspense_assignments": "why the exchange's people think whose money it is",
    "suspense_returns": "money that goes back to whom it came from",
    "suspensions": "who of the exchange had a hand in it; what it stops is public",
    "lane_positions": "the log's index of lanes",
    "log_entry_subjects": "the log's index of subjects",
    "log_waiting": "the log's queue",
    "outbox_messages": "effects, with what they need",
    "payment_events": "providers' notices as they came",
    "payment_findings": "what does not agree with a provider, for the exchange's people",
    "payment_movements": "the exchange's own account at a provider",
    "payment_sweeps": "how far that account was read",
    "person_count_cursors": "how far the worker counted",
    "rate_windows": "the data plane's counters",
    "review_decisions": "the reviewers' own notes",
    "settlement_runs": "a settlement day covers every supplier",
    "sign_in_attempts": "addresses that nobody here may have",
}
"""Tables without a row for anybody but the exchange."""

EVERYBODYS = {
    "anchors": "on a public chain",
    "chain_deployments": "on a public chain",
    "chain_health": "published status of a public chain",
    "chain_keys": "public keys, on a public chain",
    "consent_batches": "roots and counts, published in the log",
    "checkpoint_cosignatures": "published under /log",
    "checkpoints": "published under /log",
    "listing_standings": "whether a listing may be sold",
    "live_quality_days": "what a listing delivers is on its page",
    "live_quality_standings": "what a listing delivers is on its page",
    "listing_words": "words of published pages",
    "log_head": "published under /log",
    "log_positions": "positions of entries that the reader sees anyway, or does not",
    "log_tiles": "published under /log: hashes only",
    "plan_copies": "published prices",
    "registry_entries": "the public registry",
    "registry_inputs": "the public registry",
    "registry_successions": "the public registry",
    "registry_words": "words of the public registry",
    "registrations": "publicity is what the register is for",
    "review_policies": "published policy",
    "rule_sets": "published rules",
    "witness_standings": "published status of outside parties",
    "witnessed_checkpoints": "published under /log",
}
"""Tables that anybody may read: nothing in them is private."""

OPEN_TO_WRITE = {
    # Queues that any reach appends to with its own write, and only the exchange reads.
    "log_entries",
    "log_entry_subjects",
    "log_waiting",
    "outbox_messages",
}


def declare(connection, reach):
    connection.execute(
        "SELECT set_config('counterfoil.reach', %s, true),"
        " set_config('counterfoil.organisation', %s, true)",
        (reach.kind, reach.organisation_id),
    )


def tables_of(connection):
    """Every table, partitions too, with the columns that can be written."""
    found = connection.execute(
        "SELECT c.relname, array_agg(a.attname::text) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " AND a.attidentity = '' AND a.attgenerated = ''"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')"
        " GROUP BY c.relname ORDER BY c.relname"
    )
    return {table: columns for table, columns in found if table not in WITHOUT_ROW_SECURITY}


def rows_of(connection, table):
    """Every row that the transaction's reach shows, unfiltered: as text and as a record."""
    query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t").format(sql.Identifier(table))
    return {text: json.loads(text) for (text,) in connection.execute(query)}


class Everything:
    """All rows of all tables as the exchange sees them, and whose each row is."""

    def __init__(self, connection):
        declare(connection, Reach.EXCHANGE)
        self.columns = tables_of(connection)
        self.rows = {table: rows_of(connection, table) for table in self.columns}
        self.listed = {
            row["version_id"] for row in self.rows["listings"].values() if row["state"] == "LISTED"
        }
        self.parties = {
            row["licence_id"]: {row["buyer_id"], row["supplier_id"]}
            for row in self.rows["log_parties"].values()
        }
        self.posted = {
            row["demand_id"]: {row["buyer_id"]} for row in self.rows["demand_buyers"].values()
        }
        self.answered: dict[str, set[str]] = {}
        for row in self.rows["custom_offers"].values():
            parties = {row["buyer_id"], row["supplier_id"]}
            self.answered.setdefault(row["demand_id"], set()).update(parties)
        self.booked: dict[int, set[str]] = {}
        for row in self.rows["postings"].values():
            self.booked.setdefault(row["transaction_id"], set()).add(row["organisation_id"])
        self.told_elsewhere = {
            "demands": ("id", self.posted),
            "journal_transactions": ("transaction_id", self.booked),
            "log_entries": ("licence_id", self.parties),
        }

    def owners(self, table, row):
        """The organisations whose row this is."""
        if table in EXCHANGE_ONLY:
            return set()
        if table == "organisations":
            return {row["id"]}
        if table in self.told_elsewhere:
            column, owners = self.told_elsewhere[table]
            return owners.get(row[column], set())
        named = {row[column] for column in OWNERS if row.get(column) is not None}
        # A scenario is the buyer's own; the supplier learns its terms from the licence.
        if table == "scenarios":
            return {row["buyer_id"]}
        # What a buyer plans is nothing that a supplier reads in its evaluations.
        if table == "rule_evaluations" and row["stage"] not in {"review", "listing"}:
            return set()
        # What is only proposed to be given up is nothing that the debtor knows.
        if table == "write_offs" and row["state"] not in {"written_off", "recovered"}:
            return set()
        # What a supplier delivers of persons is its own duty to know.
        return {row["supplier_id"]} if table == "person_counts" else named

    def is_public(self, table, row):
        """Whether the table's public policy opens the row to anybody."""
        if table in EVERYBODYS:
            return True
        if table == "listing_parties":
            return row["is_supplier"]  # a supplier's name stands on every page of its listings
        if table == "demands":
            return row["state"] == "OPEN"  # every supplier may answer it
        if table == "quality_reports":
            return row["is_public"]  # the grade stands on the listing's page
        versions = {"listings": "version_id", "offers": "version_id", "plans": "version_id"}
        column = versions.get(table, "id" if table == "product_versions" else None)
        return column is not None and row[column] in self.listed

    def shown_to(self, table, organisation_id):
        return {
            text
            for text, row in self.rows[table].items()
            if self.is_public(table, row) or organisation_id in self.readers(table, row)
        }

    def readers(self, table, row):
        """The organisations that see the row though it is not public."""
        # A supplier goes on seeing what it answered.
        answering = self.answered.get(row["id"], set()) if table == "demands" else set()
        return self.owners(table, row) | answering
