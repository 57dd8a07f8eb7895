"""What the database itself lets nobody change, delete or empty, whoever asks: every table is asked.

The rows are a test's own, past keys and CHECKs, so that only triggers speak. A table that is not
listed here lets everything happen; one that is refuses just what is written, with its own word.
"""

from dataclasses import dataclass, field

import psycopg
import pytest
from psycopg import sql

from app.auditing.methods.duties import GUARDED
from app.core.reach import Reach
from tests.factories.rows_of_every_table import fill_every_table
from tests.factories.whose_rows import declare, tables_of

BOOKS, LOG, AGREED, NOTICED = "JN002", "P0001", "23001", "42501"
ALL = frozenset({"every column"})

_OTHERS = {
    "bigint": "99",
    "bigint[]": "'{{99}}'",
    "boolean": "NOT {}",
    "bytea": "'\\x99'",
    "date": "'2027-01-01'",
    "jsonb": """'{{"another": 1}}'""",
    "text": "'another'",
    "text[]": "'{{another}}'",
    "timestamp with time zone": "'2027-01-01 00:00+00'",
    "tsvector": "'another'",
}


@dataclass(frozen=True)
class Kept:
    """What of a table's rows stays as it is, while they are in this state."""

    word: str
    columns: frozenset[str] = ALL
    but: frozenset[str] = frozenset()
    state: dict[str, str | None] = field(default_factory=dict)
    verbs: frozenset[str] = frozenset({"DELETE", "TRUNCATE"})


def but(*columns):
    return frozenset(columns)


NOTHING = frozenset()
HEAD = but("origin", "predecessor", "predecessor_size")
ASKED = but("idempotency_key", "organisation_id", "gateway", "request")
OPERATION = ASKED | {"kind", "subject_id", "amount", "currency", "parent_id"}
KEPT = {
    "acknowledgements": [Kept(LOG)],
    "agreement_shares": [Kept(AGREED)],
    "agreements": [Kept(AGREED)],
    "bill_payments": [Kept(AGREED)],
    "checkpoint_cosignatures": [Kept(LOG)],
    "checkpoints": [Kept(LOG)],
    "conflict_declarations": [
        Kept(AGREED, but=but("reviewer_organisation_id", "answers", "conflicts", "declared_at"))
    ],
    "consents": [
        Kept(
            AGREED,
            but("id", "product_id", "supplier_id", "recipient_id", "subject", "purpose")
            | but("is_test", "evidence_hash", "notice_hash", "recorded_by", "recorded_at"),
        )
    ],
    "credit_items": [Kept(BOOKS)],
    "credits": [Kept(BOOKS)],
    "custom_offers": [
        Kept(AGREED),
        Kept(
            AGREED,
            but=but("state", "decided_at", "decline_reason", "order_id"),
            state={"state": "PROPOSED"},
        ),
    ],
    "demand_buyers": [Kept(AGREED)],
    "demands": [
        Kept(AGREED),
        Kept(AGREED, but("id", "posted_at"), state={"state": "OPEN"}),
    ],
    "invoice_lines": [Kept(AGREED)],
    "invoices": [Kept(AGREED)],
    "item_answers": [Kept(AGREED, but=but("outcome", "reason", "answered_at"))],
    "journal_accounts": [Kept(BOOKS, but("account_id", "organisation_id", "currency"))],
    "journal_transactions": [Kept(BOOKS)],
    "licences": [
        Kept(
            AGREED,
            but=but("terms", "terms_hash", "starts_at", "ends_at", "narrowings")
            | but("state", "ended_at", "ended_by", "reason_code"),
        )
    ],
    "log_entries": [Kept(LOG)],
    "log_head": [
        Kept(LOG, HEAD | {"tree_size", "closed_at"}),
        Kept(LOG, HEAD, state={"closed_at": None}),
    ],
    "log_positions": [Kept(LOG)],
    "log_tiles": [Kept(LOG, but("hashes"))],
    "narrowings": [Kept(AGREED, but=but("applied_through", "is_applied"))],
    "notices": [
        Kept(NOTICED, verbs=NOTHING),
        Kept(NOTICED, but=but("number"), state={"number": None}, verbs=NOTHING),
    ],
    "orders": [
        Kept(AGREED),
        Kept(
            AGREED,
            but=but("state", "licence_id", "activated_at", "listed_plan_id"),
            state={"licence_id": None},
        ),
    ],
    "payment_movements": [Kept(BOOKS)],
    "payment_operations": [
        Kept(BOOKS, OPERATION),
        Kept(BOOKS, OPERATION - {"request"}, state={"request": None}),
    ],
    "payout_accounts": [Kept(BOOKS, ASKED)],
    "postings": [Kept(BOOKS)],
    "quality_reports": [Kept(AGREED, but=but("is_public"))],
    "registry_entries": [
        Kept(AGREED, state={"state": "CANCELLED"}),
        Kept(
            AGREED, but=but("state", "changed_at", "cancel_reason"), state={"state": "SUPERSEDED"}
        ),
    ],
    "review_decisions": [Kept(AGREED)],
    "role_grants": [Kept(AGREED, but=but("withdrawn_at", "withdrawn_by"))],
    "rule_evaluations": [Kept(AGREED)],
    "rule_sets": [Kept(AGREED)],
    "scenario_declarations": [Kept(AGREED)],
    "settlements": [Kept(BOOKS)],
    "statement_rows": [Kept(BOOKS)],
    "usage_events": [Kept(AGREED, but=but("detail", "detail_key"))],
    "verification_decisions": [Kept(AGREED)],
    "webhook_attempts": [Kept(NOTICED, verbs=NOTHING)],
    "witnessed_checkpoints": [Kept(LOG)],
}
CASES = [(table, kept) for table, each in KEPT.items() for kept in each]


@pytest.fixture
def connection(bare):
    """The application's role with the exchange's reach; every table has rows."""
    fill_every_table(bare)
    return bare


def guarded(connection):
    """Triggers are asked from here on."""
    connection.execute("RESET ROLE; SET session_replication_role = origin; SET ROLE counterfoil")
    declare(connection, Reach.EXCHANGE)


def kinds_of(connection, table):
    found = connection.execute(
        "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attname = ANY (%s)",
        (table, tables_of(connection)[table]),
    )
    return dict(found.fetchall())


def word(connection, statement, table, *parts):
    """With what the database refuses the statement, or how many rows it reached."""
    try:
        with connection.transaction(force_rollback=True):
            text = sql.SQL(statement).format(sql.Identifier(table), *parts)
            return connection.execute(text).rowcount
    except psycopg.Error as refusal:
        return refusal.sqlstate


def words_of_columns(connection, table):
    """What is said when each column alone is given another value in all rows."""
    for column, kind in kinds_of(connection, table).items():
        name = sql.Identifier(column)
        value = sql.SQL(_OTHERS[kind]).format(name)
        yield column, word(connection, "UPDATE {} SET {} = {}", table, name, value)


@pytest.mark.parametrize(("table", "kept"), CASES)
def test_a_kept_row_changes_in_nothing_but_what_is_named(connection, table, kept):
    for column, value in kept.state.items():
        change = sql.SQL("UPDATE {} SET {} = {}").format(
            sql.Identifier(table), sql.Identifier(column), sql.Literal(value)
        )
        declare(connection, Reach.EXCHANGE)
        connection.execute(change)
    guarded(connection)
    rows = word(connection, "SELECT FROM {}", table)
    said = dict(words_of_columns(connection, table))
    columns = (said.keys() if kept.columns == ALL else kept.columns) - kept.but
    assert said == {name: kept.word if name in columns else rows for name in said}
    for verb, statement in (("DELETE", "DELETE FROM {}"), ("TRUNCATE", "TRUNCATE {} CASCADE")):
        refused = word(connection, statement, table) == kept.word
        assert refused == (verb in kept.verbs), verb


@pytest.mark.parametrize(
    ("statement", "refused"),
    [
        ("UPDATE {} SET tree_size = tree_size - 1", LOG),
        ("UPDATE {} SET epoch = epoch - 1", LOG),
        ("UPDATE {} SET tree_size = tree_size, epoch = epoch", None),
        ("UPDATE {} SET tree_size = tree_size + 1, epoch = epoch + 1", None),
    ],
)
def test_the_head_of_the_log_only_grows(connection, statement, refused):
    declare(connection, Reach.EXCHANGE)
    connection.execute("UPDATE log_head SET closed_at = NULL")
    guarded(connection)
    rows = word(connection, "SELECT FROM {}", "log_head")
    assert word(connection, statement, "log_head") == (refused or rows)


def test_a_tile_of_the_log_is_only_appended_to(connection):
    guarded(connection)
    rows = word(connection, "SELECT FROM {}", "log_tiles")
    longer = "UPDATE {} SET hashes = hashes || '\\x01'"
    assert word(connection, longer, "log_tiles") == rows
    assert word(connection, "UPDATE {} SET hashes = substring(hashes FOR 0)", "log_tiles") == LOG


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET account_id = 'another' WHERE account_id = 'v1'",
        "UPDATE {} SET currency = 'another' WHERE account_id = 'v1'",
        "DELETE FROM {} WHERE account_id = 'v1'",
    ],
)
def test_an_account_without_postings_may_change_and_go(connection, statement):
    declare(connection, Reach.EXCHANGE)
    connection.execute("DELETE FROM postings WHERE account_id = 'v1'")
    guarded(connection)
    assert word(connection, statement, "journal_accounts") == 1


def test_the_audit_asks_for_the_guards_of_every_table_that_is_kept_whole():
    whole = {name for name, (first, *_) in KEPT.items() if first.verbs}
    assert set(GUARDED) == whole


def months(connection):
    """The partitions of usage, each of which may be reached by its own name."""
    children = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass"
    return [name for (name,) in connection.execute(children, ("usage_events",)).fetchall()]


def test_a_month_of_usage_is_kept_by_its_own_name_too(connection):
    guarded(connection)
    connection.execute("SELECT metering_add_usage_month('2031-05-17')")
    assert "usage_events_2031_05" in months(connection)
    for part in months(connection):
        assert word(connection, "TRUNCATE {}", part) == AGREED, part
    said = dict(words_of_columns(connection, "usage_events_default"))
    assert {name for name, what in said.items() if what != AGREED} == {"detail", "detail_key"}
    assert word(connection, "DELETE FROM {}", "usage_events_default") == AGREED


def test_every_other_table_lets_its_rows_change(connection):
    guarded(connection)
    for table in tables_of(connection).keys() - KEPT.keys() - set(months(connection)):
        rows = word(connection, "SELECT FROM {}", table)
        assert set(dict(words_of_columns(connection, table)).values()) == {rows}, table
        assert word(connection, "DELETE FROM {}", table) == rows, table
