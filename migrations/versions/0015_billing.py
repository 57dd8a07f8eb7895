"""Billing runs, deferred revenue, credit lines, freezes of accounts, and alerts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.billing_sql import WALLET_AVAILABLE, WALLET_RESERVE
from migrations.journal_sql import WALLET_RESERVE as WALLET_RESERVE_BEFORE
from migrations.row_security import exchange_only, protect

revision = "0015_billing"
down_revision = "0014_settlement"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
IS_OWN = (
    "current_setting('counterfoil.reach', true) = 'organisation'"
    " AND current_setting('counterfoil.organisation', true) IN ({owners})"
)
TABLES = (
    "spend_alerts",
    "spend_buckets",
    "account_tallies",
    "books_cursor",
    "account_freezes",
    "dunning_steps",
    "bill_payments",
    "credit_bills",
    "credit_lines",
    "billing_runs",
    "invoice_lines",
    "deferrals",
)


def upgrade() -> None:
    """Widen wallets, licence parties and invoices, and create the tables of billing."""
    # Rows are protected from their owner too; what is filled in below would see none of them.
    op.execute("SELECT set_config('counterfoil.reach', 'exchange', true)")
    _widen_older_tables()
    _create_deferrals()
    _create_invoice_lines()
    _create_credit_lines()
    _create_bills()
    _create_freezes()
    _create_tallies()
    op.execute(WALLET_AVAILABLE)
    op.execute(WALLET_RESERVE)


def downgrade() -> None:
    """Drop them; a wallet in debt keeps the schema where it is."""
    op.execute("DROP FUNCTION wallet_reserve(text, text, text, bigint, bigint, timestamptz)")
    op.execute("DROP FUNCTION wallet_available(wallets)")
    op.drop_index("ix_journal_transactions_billed", "journal_transactions")
    for table in TABLES:
        op.drop_table(table)
    op.drop_constraint("not_oversold", "wallets")
    op.drop_constraint("credit_limit", "wallets")
    op.drop_column("wallets", "credit_limit_amount")
    op.drop_column("wallets", "is_credit_suspended")
    op.create_check_constraint("balance", "wallets", "balance_amount >= 0")
    op.create_check_constraint("not_oversold", "wallets", "pending_amount <= balance_amount")
    op.drop_column("licence_parties", "split")
    op.create_check_constraint("total_amount", "invoices", "total_amount >= 0")
    op.execute(WALLET_RESERVE_BEFORE)


def _read_by(table: str, *owners: str) -> None:
    """The exchange alone writes; the owners read their own rows."""
    exchange_only(op, table)
    is_own = IS_OWN.format(owners=", ".join(owners))
    op.execute(f"CREATE POLICY {table}_readable ON {table} FOR SELECT USING ({is_own})")


def _widen_older_tables() -> None:
    limit = sa.Column("credit_limit_amount", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("wallets", limit)
    suspended = sa.Column("is_credit_suspended", sa.Boolean, nullable=False, server_default="false")
    op.add_column("wallets", suspended)
    op.drop_constraint("balance", "wallets")
    op.drop_constraint("not_oversold", "wallets")
    op.create_check_constraint("credit_limit", "wallets", "credit_limit_amount >= 0")
    # With pending >= 0 this also keeps the balance at or above minus the limit.
    op.create_check_constraint(
        "not_oversold", "wallets", "pending_amount <= balance_amount + credit_limit_amount"
    )
    op.add_column("licence_parties", sa.Column("split", JSONB))
    # The licence has always carried it; the books need it to say what tax a bill contains.
    op.execute(
        "UPDATE licence_parties p SET split = l.split FROM licences l WHERE l.id = p.licence_id"
    )
    # A month in which more is given back than used is a bill below zero.
    op.drop_constraint("total_amount", "invoices")


def _create_deferrals() -> None:
    op.create_table(
        "deferrals",
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("licence_id", sa.Text, unique=True),
        sa.Column("buyer_id", sa.Text, nullable=False, index=True),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("split", JSONB, nullable=False),
        sa.Column("price_amount", sa.BigInteger, nullable=False),
        sa.Column("recognised_amount", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("refunded_amount", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("days", sa.BigInteger, nullable=False),
        sa.Column("recognised_days", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("next_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.CheckConstraint("price_amount > 0", name="price"),
        sa.CheckConstraint("starts_at < ends_at", name="term"),
        sa.CheckConstraint("days > 0 AND recognised_days BETWEEN 0 AND days", name="days"),
        sa.CheckConstraint(
            "recognised_amount >= 0 AND refunded_amount >= 0"
            " AND recognised_amount + refunded_amount <= price_amount",
            name="parts",
        ),
        sa.CheckConstraint(
            "closed_at IS NULL OR recognised_amount + refunded_amount = price_amount",
            name="closed_is_whole",
        ),
        sa.CheckConstraint("(closed_at IS NULL) = (next_at IS NOT NULL)", name="next_at"),
    )
    op.create_index(
        "ix_deferrals_due",
        "deferrals",
        ["next_at"],
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    _read_by("deferrals", "buyer_id", "supplier_id")


def _create_invoice_lines() -> None:
    # The key makes it impossible that one charge stands on two invoices.
    op.create_table(
        "invoice_lines",
        sa.Column(
            "transaction_id",
            sa.BigInteger,
            sa.ForeignKey("journal_transactions.transaction_id"),
            primary_key=True,
        ),
        sa.Column("invoice_id", sa.Text, nullable=False, index=True),
        sa.Column("buyer_id", sa.Text, nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.invoice_id"], deferrable=True, initially="DEFERRED"
        ),
    )
    _read_by("invoice_lines", "buyer_id", "supplier_id")
    op.execute(
        "INSERT INTO invoice_lines (transaction_id, invoice_id, buyer_id, supplier_id)"
        " SELECT t.transaction_id, i.invoice_id, i.buyer_id, i.supplier_id FROM invoices i,"
        " jsonb_array_elements(i.document -> 'lines') line JOIN journal_transactions t"
        " ON t.template = 'charge_order' AND t.reference = line ->> 'order_id'"
        " ON CONFLICT DO NOTHING"
    )
    # A licence's calls are by far the most of its journal transactions, and no bill reads them.
    op.create_index(
        "ix_journal_transactions_billed",
        "journal_transactions",
        ["licence_id"],
        postgresql_where=sa.text("template <> 'accrue_calls' AND licence_id IS NOT NULL"),
    )
    op.create_table(
        "billing_runs",
        sa.Column("month", sa.Text, primary_key=True),
        sa.Column("from_at", INSTANT, nullable=False),
        sa.Column("until_at", INSTANT, nullable=False),
        sa.Column("asked_by", sa.Text),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("done_through", sa.Text, nullable=False, server_default=""),
        sa.Column("invoice_count", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("bills_through", sa.Text, nullable=False, server_default=""),
        sa.Column("finished_at", INSTANT),
        sa.CheckConstraint("month ~ '^[0-9]{4}-[0-9]{2}$'", name="month"),
        sa.CheckConstraint("from_at < until_at", name="period"),
    )
    exchange_only(op, "billing_runs")


def _create_credit_lines() -> None:
    op.create_table(
        "credit_lines",
        sa.Column("credit_line_id", sa.Text, primary_key=True),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("limit_amount", sa.BigInteger, nullable=False),
        sa.Column("due_days", sa.BigInteger, nullable=False),
        sa.Column("dunning", JSONB, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", INSTANT),
        sa.Column("matched_posting_id", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("suspended_at", INSTANT),
        sa.CheckConstraint("limit_amount >= 0", name="limit"),
        sa.CheckConstraint("due_days BETWEEN 1 AND 180", name="due_days"),
        sa.CheckConstraint("state IN ('proposed', 'active', 'declined', 'replaced')", name="state"),
        sa.CheckConstraint("proposed_by <> decided_by OR state = 'declined'", name="two_people"),
        sa.CheckConstraint("(state = 'proposed') = (decided_by IS NULL)", name="decided"),
    )
    op.create_index(
        "uq_credit_lines_active",
        "credit_lines",
        ["organisation_id", "currency"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    _read_by("credit_lines", "organisation_id")


def _create_bills() -> None:
    op.create_table(
        "credit_bills",
        sa.Column("bill_id", sa.Text, primary_key=True),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("month", sa.Text, nullable=False),
        sa.Column("from_at", INSTANT, nullable=False),
        sa.Column("until_at", INSTANT, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("paid_amount", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("paid_at", INSTANT),
        sa.Column("dunning", JSONB, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("bill_hash", sa.Text, nullable=False),
        sa.Column("key_name", sa.Text, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("paid_amount BETWEEN 0 AND amount", name="paid_amount"),
        sa.CheckConstraint("(paid_amount = amount) = (paid_at IS NOT NULL)", name="paid_at"),
        sa.UniqueConstraint("organisation_id", "currency", "month"),
    )
    op.create_index(
        "ix_credit_bills_open",
        "credit_bills",
        ["due_at"],
        postgresql_where=sa.text("paid_at IS NULL"),
    )
    _read_by("credit_bills", "organisation_id")
    op.create_table(
        "bill_payments",
        sa.Column("bill_id", sa.Text, sa.ForeignKey("credit_bills.bill_id"), primary_key=True),
        sa.Column("posting_id", sa.BigInteger, primary_key=True),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("matched_at", INSTANT, nullable=False),
        sa.CheckConstraint("amount > 0", name="amount"),
    )
    _read_by("bill_payments", "organisation_id")
    op.create_table(
        "dunning_steps",
        sa.Column("bill_id", sa.Text, sa.ForeignKey("credit_bills.bill_id"), primary_key=True),
        sa.Column("step", sa.Text, primary_key=True),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("taken_at", INSTANT, nullable=False),
        sa.Column("withdrawn_at", INSTANT),
    )
    _read_by("dunning_steps", "organisation_id")


def _create_freezes() -> None:
    op.create_table(
        "account_freezes",
        sa.Column("freeze_id", sa.Text, primary_key=True),
        sa.Column(
            "account_id", sa.Text, sa.ForeignKey("journal_accounts.account_id"), nullable=False
        ),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("finding", JSONB, nullable=False),
        sa.Column("frozen_at", INSTANT, nullable=False),
        sa.Column("lift_reason", sa.Text),
        sa.Column("lift_asked_by", sa.Text),
        sa.Column("lift_asked_at", INSTANT),
        sa.Column("lifted_by", sa.Text),
        sa.Column("lifted_at", INSTANT),
        sa.CheckConstraint("lift_asked_by <> lifted_by", name="two_people"),
        sa.CheckConstraint(
            "lifted_at IS NULL OR (lift_asked_by IS NOT NULL AND lifted_by IS NOT NULL"
            " AND lift_reason IS NOT NULL)",
            name="lifted",
        ),
    )
    op.create_index(
        "uq_account_freezes_open",
        "account_freezes",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    _read_by("account_freezes", "organisation_id")


def _create_tallies() -> None:
    op.create_table(
        "books_cursor",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("settled", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("seen", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("seen_xmax", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("place", sa.Text, nullable=False, server_default=""),
        sa.CheckConstraint("position <= settled AND settled <= seen", name="order"),
    )
    exchange_only(op, "books_cursor")
    op.create_table(
        "account_tallies",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("through_posting_id", sa.BigInteger, nullable=False),
    )
    exchange_only(op, "account_tallies")
    op.create_table(
        "spend_buckets",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("bucket_at", INSTANT, primary_key=True),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
    )
    _read_by("spend_buckets", "organisation_id")
    op.create_table(
        "spend_alerts",
        sa.Column("organisation_id", sa.Text, primary_key=True),
        sa.Column("currency", sa.Text, primary_key=True),
        sa.Column("low_balance_amount", sa.BigInteger),
        sa.Column("spike_factor_percent", sa.BigInteger),
        sa.Column("spike_least_amount", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("is_low", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("spiked_until", INSTANT),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint("low_balance_amount >= 0", name="low_balance"),
        sa.CheckConstraint("spike_factor_percent BETWEEN 110 AND 100000", name="spike_factor"),
        sa.CheckConstraint("spike_least_amount >= 0", name="spike_least"),
    )
    protect(op, "spend_alerts", owners=["organisation_id"])
