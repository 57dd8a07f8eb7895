"""Credits, disputes, settlement runs, payouts and money that goes back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.row_security import exchange_only, protect
from migrations.settlement_sql import (
    DISPUTE_STATE,
    EXCHANGE_REACH,
    IMMUTABLE_TABLES,
    KINDS,
    NEW_KINDS,
    OLD_KINDS,
    OLD_TOP_UP_STATE,
    PAYOUT_STATE,
    TOP_UP_STATE,
    readable_by,
)

revision = "0014_settlement"
down_revision = "0013_offers"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CURRENCY = "currency ~ '^[A-Z]{3}$'"
TABLES = (
    "top_up_returns",
    "payouts",
    "bank_accounts",
    "settlements",
    "settlement_runs",
    "dispute_calls",
    "disputes",
    "credit_items",
    "credits",
)


def upgrade() -> None:
    """Create the tables; open the accounts that settlement needs for whoever has accounts."""
    op.execute(EXCHANGE_REACH)
    _change_check("journal_accounts", "kind", KINDS)
    _open_new_accounts()
    op.add_column("top_ups", sa.Column("provider_reference", sa.Text))
    op.add_column("top_ups", sa.Column("paid_at", INSTANT))
    _change_check("top_ups", "state", TOP_UP_STATE)
    _create_credits()
    _create_disputes()
    _create_dispute_calls()
    _create_settlements()
    _create_bank_accounts()
    _create_payouts()
    _create_returns()
    for table in IMMUTABLE_TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse_change()"
        )


def downgrade() -> None:
    """Drop what was added; refuses where the new accounts hold postings."""
    op.execute(EXCHANGE_REACH)
    for table in TABLES:
        op.drop_table(table)
    _change_check("top_ups", "state", OLD_TOP_UP_STATE)
    op.drop_column("top_ups", "paid_at")
    op.drop_column("top_ups", "provider_reference")
    opened = ", ".join(f"'{kind}'" for kinds in NEW_KINDS.values() for kind in kinds)
    op.execute(f"DELETE FROM journal_accounts WHERE kind IN ({opened})")  # noqa: S608 -- constants
    _change_check("journal_accounts", "kind", OLD_KINDS)


def _change_check(table: str, name: str, check: str) -> None:
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({check})")


def _open_new_accounts() -> None:
    for held, opened in NEW_KINDS.items():
        for kind in opened:
            op.execute(
                "INSERT INTO journal_accounts (account_id, organisation_id, kind, currency,"  # noqa: S608 -- constants
                f" opened_at) SELECT organisation_id || '/{kind}/' || currency, organisation_id,"
                f" '{kind}', currency, opened_at FROM journal_accounts WHERE kind = '{held}'"
            )


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, INSTANT, nullable=nullable)


def _create_credits() -> None:
    op.create_table(
        "credits",
        sa.Column("credit_id", sa.Text, primary_key=True),
        sa.Column(
            "licence_id", sa.Text, sa.ForeignKey("licence_parties.licence_id"), nullable=False
        ),
        _whole("n"),
        _text("buyer_id"),
        _text("supplier_id"),
        _whole("amount"),
        _whole("total_amount"),
        _text("currency"),
        _text("reason_code"),
        _text("corrects_hash"),
        sa.Column("document", JSONB, nullable=False),
        _text("note_hash"),
        _at("given_at"),
        sa.CheckConstraint("amount > 0 AND n > 0 AND total_amount >= amount", name="amount"),
        sa.CheckConstraint("n > 1 OR total_amount = amount", name="first"),
        sa.CheckConstraint(CURRENCY, name="currency"),
        # Gapless by construction: the next number is drawn under the licence's lock.
        sa.UniqueConstraint("licence_id", "n"),
    )
    op.create_index("ix_credits_buyer_id", "credits", ["buyer_id", "credit_id"])
    op.create_index("ix_credits_supplier_id", "credits", ["supplier_id", "credit_id"])
    op.create_table(
        "credit_items",
        sa.Column("credit_id", sa.Text, sa.ForeignKey("credits.credit_id"), primary_key=True),
        sa.Column("line", sa.BigInteger, primary_key=True),
        _text("licence_id"),
        _text("buyer_id"),
        _text("supplier_id"),
        _text("kind"),
        _text("reference"),
        _whole("charged_amount"),
        _whole("amount"),
        sa.CheckConstraint("kind IN ('call', 'order', 'period')", name="kind"),
        sa.CheckConstraint("amount BETWEEN 1 AND charged_amount", name="amount"),
    )
    # A call is credited once, whoever asks and however often.
    op.create_index(
        "ix_credit_items_call",
        "credit_items",
        ["licence_id", "reference"],
        unique=True,
        postgresql_where=sa.text("kind = 'call'"),
    )
    op.create_index("ix_credit_items_subject", "credit_items", ["licence_id", "kind", "reference"])
    for table in ("credits", "credit_items"):
        readable_by(op, table, "buyer_id", "supplier_id")


def _create_disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("dispute_id", sa.Text, primary_key=True),
        sa.Column(
            "licence_id", sa.Text, sa.ForeignKey("licence_parties.licence_id"), nullable=False
        ),
        _text("buyer_id"),
        _text("supplier_id"),
        _text("currency"),
        _text("reason_code"),
        _text("text"),
        sa.Column("bundle", JSONB, nullable=False),
        _text("bundle_hash"),
        _whole("claimed_amount"),
        _whole("accepted_amount", nullable=True),
        _text("state"),
        _text("decision", nullable=True),
        _text("opened_by"),
        _at("opened_at"),
        _at("answer_until_at"),
        _text("answered_by", nullable=True),
        _at("answered_at", nullable=True),
        _text("answer_text", nullable=True),
        _text("decided_by", nullable=True),
        _at("decided_at", nullable=True),
        _text("decision_text", nullable=True),
        sa.Column("credit_id", sa.Text, sa.ForeignKey("credits.credit_id"), unique=True),
        _at("withdrawn_at", nullable=True),
        sa.CheckConstraint(DISPUTE_STATE, name="state"),
        sa.CheckConstraint("accepted_amount BETWEEN 0 AND claimed_amount", name="accepted"),
    )
    for owner in ("buyer_id", "supplier_id", "licence_id"):
        op.create_index(f"ix_disputes_{owner}", "disputes", [owner, "dispute_id"])
    readable_by(op, "disputes", "buyer_id", "supplier_id")


def _create_dispute_calls() -> None:
    op.create_table(
        "dispute_calls",
        sa.Column("dispute_id", sa.Text, sa.ForeignKey("disputes.dispute_id"), primary_key=True),
        sa.Column("lane", sa.BigInteger, primary_key=True),
        sa.Column("n", sa.BigInteger, primary_key=True),
        _text("licence_id"),
        _text("buyer_id"),
        _text("supplier_id"),
        _text("finding"),
        _text("detail"),
        # Without the detail record and its key: those can be erased, a dispute is kept.
        sa.Column("receipt", JSONB),
        _text("leaf_hash", nullable=True),
        _text("invoice_id", nullable=True),
        _whole("total_amount_before"),
        _whole("amount"),
        sa.Column("is_live", sa.Boolean, nullable=False),
        sa.Column("is_accepted", sa.Boolean),
        sa.CheckConstraint("finding IN ('matches', 'differs', 'unknown')", name="finding"),
        sa.CheckConstraint("amount >= 0", name="amount"),
    )
    # A call is disputed once; only a withdrawn dispute gives it free.
    op.create_index(
        "ix_dispute_calls_once",
        "dispute_calls",
        ["licence_id", "lane", "n"],
        unique=True,
        postgresql_where=sa.text("is_live AND finding = 'matches'"),
    )
    readable_by(op, "dispute_calls", "buyer_id", "supplier_id")


def _create_settlements() -> None:
    op.create_table(
        "settlement_runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        _text("currency"),
        _at("from_at"),
        _at("until_at"),
        _whole("horizon_posting_id"),
        _whole("barrier_xid"),
        _whole("minimum_amount"),
        _text("state"),
        _text("planned_by"),
        _at("planned_at"),
        _text("last_account_id", nullable=True),
        _whole("settlement_count"),
        _text("run_hash", nullable=True),
        _at("finished_at", nullable=True),
        sa.CheckConstraint("from_at < until_at", name="period"),
        sa.CheckConstraint(CURRENCY, name="currency"),
        sa.CheckConstraint("minimum_amount >= 0", name="minimum"),
        sa.CheckConstraint(
            "(state = 'planned' AND finished_at IS NULL AND run_hash IS NULL)"
            " OR (state = 'finished' AND finished_at IS NOT NULL AND run_hash IS NOT NULL)",
            name="state",
        ),
        # Of two runs that want to follow the same one, the second fails.
        sa.UniqueConstraint("currency", "from_at"),
        sa.UniqueConstraint("currency", "until_at"),
    )
    exchange_only(op, "settlement_runs")
    op.create_table(
        "settlements",
        sa.Column("settlement_id", sa.Text, primary_key=True),
        sa.Column("run_id", sa.Text, sa.ForeignKey("settlement_runs.run_id"), nullable=False),
        _text("supplier_id"),
        _text("currency"),
        _whole("n"),
        _at("from_at"),
        _at("until_at"),
        _whole("from_posting_id"),
        _whole("until_posting_id"),
        _whole("opening_amount"),
        _whole("period_amount"),
        _whole("settled_amount"),
        _whole("carried_amount"),
        sa.Column("statement", JSONB, nullable=False),
        _text("statement_hash"),
        _at("settled_at"),
        sa.CheckConstraint(
            "opening_amount + period_amount = settled_amount + carried_amount", name="sums"
        ),
        sa.CheckConstraint("settled_amount >= 0 AND settled_amount % 1000000 = 0", name="settled"),
        sa.CheckConstraint("from_posting_id < until_posting_id AND n > 0", name="range"),
        sa.UniqueConstraint("supplier_id", "currency", "n"),
        sa.UniqueConstraint("supplier_id", "currency", "from_posting_id"),
        sa.UniqueConstraint("run_id", "supplier_id"),
    )
    op.create_index("ix_settlements_supplier_id", "settlements", ["supplier_id", "settlement_id"])
    readable_by(op, "settlements", "supplier_id")


def _create_bank_accounts() -> None:
    op.create_table(
        "bank_accounts",
        sa.Column("bank_account_id", sa.Text, primary_key=True),
        _text("organisation_id"),
        _text("currency"),
        sa.Column("details_sealed", sa.LargeBinary, nullable=False),
        _text("masked"),
        _text("registered_by"),
        _at("registered_at"),
        _at("effective_at"),
        _text("cancelled_by", nullable=True),
        _at("cancelled_at", nullable=True),
        sa.CheckConstraint(CURRENCY, name="currency"),
        sa.CheckConstraint("registered_at <= effective_at", name="waiting"),
        sa.CheckConstraint("cancelled_at < effective_at", name="cancelled"),
    )
    op.create_index(
        "ix_bank_accounts_organisation_id", "bank_accounts", ["organisation_id", "currency"]
    )
    protect(op, "bank_accounts", owners=["organisation_id"])


def _create_payouts() -> None:
    op.create_table(
        "payouts",
        sa.Column("payout_id", sa.Text, primary_key=True),
        sa.Column(
            "settlement_id", sa.Text, sa.ForeignKey("settlements.settlement_id"), nullable=False
        ),
        _text("supplier_id"),
        _whole("amount"),
        _text("currency"),
        _text("gateway"),
        sa.Column("bank_account_id", sa.Text, sa.ForeignKey("bank_accounts.bank_account_id")),
        _text("state"),
        _text("requested_by"),
        _at("requested_at"),
        _text("approved_by", nullable=True),
        _at("approved_at", nullable=True),
        _text("sent_by", nullable=True),
        _at("sent_at", nullable=True),
        _text("provider_reference", nullable=True),
        _at("paid_at", nullable=True),
        _at("failed_at", nullable=True),
        _text("failure_code", nullable=True),
        _text("cancelled_by", nullable=True),
        _at("cancelled_at", nullable=True),
        sa.CheckConstraint("amount > 0 AND amount % 1000000 = 0", name="amount"),
        sa.CheckConstraint("requested_by <> approved_by", name="two_people"),
        sa.CheckConstraint(PAYOUT_STATE, name="state"),
    )
    # One payout of a settlement at a time; a failed one gave the money back to the payable.
    op.create_index(
        "ix_payouts_settlement_id",
        "payouts",
        ["settlement_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.create_index("ix_payouts_supplier_id", "payouts", ["supplier_id", "payout_id"])
    readable_by(op, "payouts", "supplier_id")


def _create_returns() -> None:
    op.create_table(
        "top_up_returns",
        sa.Column("return_id", sa.Text, primary_key=True),
        sa.Column("top_up_id", sa.Text, sa.ForeignKey("top_ups.top_up_id"), nullable=False),
        _text("organisation_id"),
        _text("kind"),
        _text("gateway"),
        _text("provider_reference"),
        _whole("amount"),
        _whole("owed_amount"),
        _text("currency"),
        _text("state"),
        _at("noted_at"),
        _at("closed_at", nullable=True),
        sa.CheckConstraint("kind IN ('refund', 'charge_back')", name="kind"),
        sa.CheckConstraint("amount > 0 AND owed_amount BETWEEN 0 AND amount", name="amount"),
        sa.CheckConstraint(
            "(state IN ('disputed', 'closed') AND closed_at IS NULL)"
            " OR (state IN ('won', 'lost', 'failed') AND closed_at IS NOT NULL)",
            name="state",
        ),
        sa.UniqueConstraint("gateway", "provider_reference"),
    )
    op.create_index("ix_top_up_returns_top_up_id", "top_up_returns", ["top_up_id"])
    readable_by(op, "top_up_returns", "organisation_id")
