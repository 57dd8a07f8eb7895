"""Double-entry journal, wallets and their leases, top-ups, licence parties and invoices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.journal_sql import CHECK_BALANCED, FUNCTIONS, REFUSE_CHANGE
from migrations.row_security import exchange_only, protect

revision = "0007_journal"
down_revision = "0006_licences"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ORGANISATION_KINDS = "'wallet', 'receivable', 'payable'"
EXCHANGE_KINDS = "'commission', 'tax', 'rounding', 'suspense', 'bank'"
CURRENCY = "currency ~ '^[A-Z]{3}$'"
IS_OWN = (
    "current_setting('counterfoil.reach', true) = 'organisation'"
    " AND current_setting('counterfoil.organisation', true) IN ({owners})"
)


def upgrade() -> None:
    """Create the tables, the triggers that keep them honest and the functions that write them."""
    _create_books()
    _create_wallets()
    _create_top_ups()
    _create_invoices()
    for body in FUNCTIONS.values():
        op.execute(body)


def downgrade() -> None:
    """Drop them."""
    for signature in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {signature}")
    for table in ("invoices", "licence_parties", "top_ups", "wallet_leases", "wallets"):
        op.drop_table(table)
    # The journal transactions' policy reads the postings.
    op.execute("DROP POLICY journal_transactions_readable ON journal_transactions")
    for table in ("postings", "journal_transactions", "journal_accounts"):
        op.drop_table(table)
    op.execute("DROP FUNCTION journal_check_balanced()")
    op.execute("DROP FUNCTION journal_refuse_change()")


def _read_by(table: str, *owners: str) -> None:
    """The exchange alone writes; the owners read their own rows."""
    exchange_only(op, table)
    is_own = IS_OWN.format(owners=", ".join(owners))
    op.execute(f"CREATE POLICY {table}_readable ON {table} FOR SELECT USING ({is_own})")


def _create_books() -> None:
    op.create_table(
        "journal_accounts",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            f"(organisation_id = 'exchange' AND kind IN ({EXCHANGE_KINDS}))"
            f" OR (organisation_id <> 'exchange' AND kind IN ({ORGANISATION_KINDS}))",
            name="kind",
        ),
        sa.CheckConstraint(CURRENCY, name="currency"),
        sa.UniqueConstraint("organisation_id", "kind", "currency"),
        sa.UniqueConstraint("account_id", "organisation_id", "currency"),
    )
    op.create_table(
        "journal_transactions",
        sa.Column("transaction_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("booked_at", INSTANT, nullable=False),
        sa.Column(
            "reverses",
            sa.BigInteger,
            sa.ForeignKey("journal_transactions.transaction_id"),
            unique=True,
        ),
        sa.Column("lease_id", sa.Text),
        sa.Column("licence_id", sa.Text),
        sa.Column("order_id", sa.Text),
        sa.Column("posting_count", sa.BigInteger, nullable=False),
        sa.CheckConstraint("posting_count BETWEEN 2 AND 64", name="posting_count"),
        sa.UniqueConstraint("template", "reference"),
        sa.UniqueConstraint("transaction_id", "posting_count"),
    )
    for column in ("lease_id", "licence_id", "order_id"):
        op.create_index(
            f"ix_journal_transactions_{column}",
            "journal_transactions",
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.create_table(
        "postings",
        sa.Column("posting_id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("transaction_id", sa.BigInteger, nullable=False),
        sa.Column("line", sa.BigInteger, nullable=False),
        sa.Column("posting_count", sa.BigInteger, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("booked_at", INSTANT, nullable=False),
        sa.CheckConstraint("amount <> 0", name="amount"),
        sa.CheckConstraint("line BETWEEN 1 AND posting_count", name="line"),
        sa.UniqueConstraint("transaction_id", "line"),
        sa.ForeignKeyConstraint(
            ["transaction_id", "posting_count"],
            ["journal_transactions.transaction_id", "journal_transactions.posting_count"],
        ),
        sa.ForeignKeyConstraint(
            ["account_id", "organisation_id", "currency"],
            [
                "journal_accounts.account_id",
                "journal_accounts.organisation_id",
                "journal_accounts.currency",
            ],
        ),
    )
    op.create_index("ix_postings_account_id", "postings", ["account_id", "posting_id"])
    op.create_index("ix_postings_organisation_id", "postings", ["organisation_id", "posting_id"])
    _guard_books()


def _guard_books() -> None:
    op.execute(CHECK_BALANCED)
    op.execute(REFUSE_CHANGE)
    op.execute(
        "CREATE CONSTRAINT TRIGGER journal_transactions_balanced"
        " AFTER INSERT ON journal_transactions DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION journal_check_balanced()"
    )
    for table in ("journal_transactions", "postings"):
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse_change()"
        )
    _read_by("journal_accounts", "organisation_id")
    _read_by("postings", "organisation_id")
    # A party reads the journal transactions in which it has a posting that it may read.
    exchange_only(op, "journal_transactions")
    op.execute(
        "CREATE POLICY journal_transactions_readable ON journal_transactions FOR SELECT USING"
        " (EXISTS (SELECT 1 FROM postings p"
        " WHERE p.transaction_id = journal_transactions.transaction_id))"
    )


def _create_wallets() -> None:
    op.create_table(
        "wallets",
        sa.Column("organisation_id", sa.Text, primary_key=True),
        sa.Column("currency", sa.Text, primary_key=True),
        sa.Column(
            "account_id",
            sa.Text,
            sa.ForeignKey("journal_accounts.account_id"),
            nullable=False,
            unique=True,
        ),
        sa.Column("balance_amount", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("pending_amount", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.CheckConstraint("balance_amount >= 0", name="balance"),
        sa.CheckConstraint("pending_amount >= 0", name="pending"),
        sa.CheckConstraint("pending_amount <= balance_amount", name="not_oversold"),
    )
    op.create_table(
        "wallet_leases",
        sa.Column("lease_id", sa.Text, primary_key=True),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("spent_amount", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("spent_amount BETWEEN 0 AND amount", name="spent_within_lease"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "currency"], ["wallets.organisation_id", "wallets.currency"]
        ),
    )
    op.create_index(
        "ix_wallet_leases_open",
        "wallet_leases",
        ["organisation_id", "currency"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    _read_by("wallets", "organisation_id")
    _read_by("wallet_leases", "organisation_id")


def _create_top_ups() -> None:
    op.create_table(
        "top_ups",
        sa.Column("top_up_id", sa.Text, primary_key=True),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False, unique=True),
        sa.Column("pay_into", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("first_confirmed_by", sa.Text),
        sa.Column("first_confirmed_at", INSTANT),
        sa.Column("second_confirmed_by", sa.Text),
        sa.Column("second_confirmed_at", INSTANT),
        sa.Column("cancelled_by", sa.Text),
        sa.Column("cancelled_at", INSTANT),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint(CURRENCY, name="currency"),
        sa.CheckConstraint("first_confirmed_by <> second_confirmed_by", name="two_people"),
        sa.CheckConstraint(
            "(state = 'requested' AND first_confirmed_by IS NULL AND cancelled_by IS NULL)"
            " OR (state = 'confirmed_once' AND first_confirmed_by IS NOT NULL"
            " AND second_confirmed_by IS NULL AND cancelled_by IS NULL)"
            " OR (state = 'posted' AND first_confirmed_by IS NOT NULL"
            " AND second_confirmed_by IS NOT NULL AND cancelled_by IS NULL)"
            " OR (state = 'cancelled' AND second_confirmed_by IS NULL"
            " AND cancelled_by IS NOT NULL)",
            name="state",
        ),
    )
    op.create_index("ix_top_ups_organisation_id", "top_ups", ["organisation_id", "top_up_id"])
    protect(op, "top_ups", owners=["organisation_id"])


def _create_invoices() -> None:
    op.create_table(
        "licence_parties",
        sa.Column("licence_id", sa.Text, primary_key=True),
        sa.Column("order_id", sa.Text, nullable=False, unique=True),
        sa.Column("buyer_id", sa.Text, nullable=False, index=True),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("plan_hash", sa.Text, nullable=False),
        sa.Column("listing_code", sa.Text, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name="period"),
    )
    op.create_table(
        "invoices",
        sa.Column("invoice_id", sa.Text, primary_key=True),
        sa.Column(
            "licence_id", sa.Text, sa.ForeignKey("licence_parties.licence_id"), nullable=False
        ),
        sa.Column("buyer_id", sa.Text, nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False),
        sa.Column("from_at", INSTANT, nullable=False),
        sa.Column("until_at", INSTANT, nullable=False),
        sa.Column("total_amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("invoice_hash", sa.Text, nullable=False),
        sa.Column("lane_leaves", JSONB, nullable=False),
        sa.Column("key_name", sa.Text, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.CheckConstraint("from_at < until_at", name="period"),
        sa.CheckConstraint("total_amount >= 0", name="total_amount"),
        sa.UniqueConstraint("licence_id", "from_at"),
        sa.UniqueConstraint("licence_id", "until_at"),
    )
    for party in ("buyer_id", "supplier_id"):
        op.create_index(f"ix_invoices_{party}", "invoices", [party, "invoice_id"])
    _read_by("licence_parties", "buyer_id", "supplier_id")
    _read_by("invoices", "buyer_id", "supplier_id")
