"""Payment operations, provider events, account statements, findings and payout accounts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.row_security import exchange_only

revision = "0016_payments"
down_revision = "0015_billing"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CURRENCY = "currency ~ '^[A-Z]{3}$'"
TABLES = (
    "payment_sweeps",
    "payout_accounts",
    "payment_findings",
    "payment_movements",
    "payment_events",
    "payment_disputes",
    "payment_references",
    "payment_operations",
)
IS_OWN = (
    "current_setting('counterfoil.reach', true) = 'organisation'"
    " AND current_setting('counterfoil.organisation', true) = organisation_id"
)

# What a provider was asked, and under which key, is evidence and the condition of a safe retry.
KEEP_REQUEST = """
CREATE FUNCTION payment_keep_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'rows of % are never removed', TG_TABLE_NAME USING ERRCODE = 'JN002';
    END IF;
    IF OLD.idempotency_key <> NEW.idempotency_key OR OLD.organisation_id <> NEW.organisation_id
        OR OLD.gateway <> NEW.gateway
        OR (OLD.request IS NOT NULL AND OLD.request IS DISTINCT FROM NEW.request) THEN
        RAISE EXCEPTION 'what was asked of a provider is never changed' USING ERRCODE = 'JN002';
    END IF;
    RETURN NEW;
END $$
"""
KEEP_ORDER = """
CREATE FUNCTION payment_keep_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.kind, OLD.subject_id, OLD.amount, OLD.currency, OLD.parent_id)
        IS DISTINCT FROM (NEW.kind, NEW.subject_id, NEW.amount, NEW.currency, NEW.parent_id) THEN
        RAISE EXCEPTION 'an operation is never turned into another' USING ERRCODE = 'JN002';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    """Create the tables and the triggers that keep what was asked as it was."""
    op.execute(KEEP_REQUEST)
    op.execute(KEEP_ORDER)
    _create_operations()
    _create_references()
    _create_events()
    _create_reconciliation()
    _create_accounts()


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.drop_table(table)
    op.execute("DROP FUNCTION payment_keep_order()")
    op.execute("DROP FUNCTION payment_keep_request()")


def _read_by_owner(table: str) -> None:
    """The exchange alone writes; the organisation reads its own rows."""
    exchange_only(op, table)
    op.execute(f"CREATE POLICY {table}_readable ON {table} FOR SELECT USING ({IS_OWN})")


def _create_operations() -> None:
    op.create_table(
        "payment_operations",
        sa.Column("operation_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Text, sa.ForeignKey("payment_operations.operation_id")),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False, unique=True),
        sa.Column("request", JSONB),
        sa.Column("provider_reference", sa.Text),
        sa.Column("checkout_url", sa.Text),
        sa.Column("expires_at", INSTANT),
        sa.Column("reason_code", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("requested_by", sa.Text),
        sa.Column("approved_by", sa.Text),
        sa.Column("cancel_requested_by", sa.Text),
        sa.Column("attempts_count", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("first_sent_at", INSTANT),
        sa.Column("due_at", INSTANT),
        sa.Column("concluded_at", INSTANT),
        sa.CheckConstraint("kind IN ('payment', 'refund', 'transfer', 'reversal')", name="kind"),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint(CURRENCY, name="currency"),
        sa.CheckConstraint(
            "(parent_id IS NOT NULL) = (kind IN ('refund', 'reversal'))", name="parent"
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'planned', 'sent', 'open', 'succeeded', 'failed',"
            " 'cancelled', 'disputed', 'lost')",
            name="state",
        ),
        # Nothing is sent that was not written down first, whoever writes the row.
        sa.CheckConstraint(
            "state IN ('requested', 'planned', 'failed', 'cancelled')"
            " OR (request IS NOT NULL AND first_sent_at IS NOT NULL)",
            name="written_before_sent",
        ),
        sa.CheckConstraint(
            "kind NOT IN ('refund', 'reversal') OR state IN ('requested', 'cancelled')"
            " OR (requested_by IS NOT NULL AND approved_by IS NOT NULL)",
            name="approved",
        ),
        sa.CheckConstraint("requested_by <> approved_by", name="two_people"),
    )
    op.create_index(
        "uq_payment_operations_kind_subject_id",
        "payment_operations",
        ["kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("kind IN ('payment', 'transfer')"),
    )
    op.create_index(
        "ix_payment_operations_due",
        "payment_operations",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index("ix_payment_operations_subject_id", "payment_operations", ["subject_id"])
    op.create_index("ix_payment_operations_parent_id", "payment_operations", ["parent_id"])
    op.create_index(
        "ix_payment_operations_organisation_id",
        "payment_operations",
        ["organisation_id", "operation_id"],
    )
    _keep("payment_operations")
    op.execute(
        "CREATE TRIGGER payment_operations_order BEFORE UPDATE ON payment_operations"
        " FOR EACH ROW EXECUTE FUNCTION payment_keep_order()"
    )
    _read_by_owner("payment_operations")


def _keep(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_request BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION payment_keep_request()"
    )


def _create_references() -> None:
    op.create_table(
        "payment_references",
        sa.Column("gateway", sa.Text, primary_key=True),
        sa.Column("reference", sa.Text, primary_key=True),
        sa.Column(
            "operation_id",
            sa.Text,
            sa.ForeignKey("payment_operations.operation_id"),
            nullable=False,
            index=True,
        ),
        sa.Column("organisation_id", sa.Text, nullable=False),
    )
    op.create_table(
        "payment_disputes",
        sa.Column("dispute_id", sa.Text, primary_key=True),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column(
            "operation_id",
            sa.Text,
            sa.ForeignKey("payment_operations.operation_id"),
            nullable=False,
            index=True,
        ),
        sa.Column("organisation_id", sa.Text, nullable=False, index=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("reason_code", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT),
        sa.CheckConstraint("amount > 0", name="amount"),
        sa.CheckConstraint("state IN ('open', 'won', 'lost')", name="state"),
        sa.CheckConstraint("(closed_at IS NULL) = (state = 'open')", name="closed"),
        sa.UniqueConstraint("gateway", "reference"),
    )
    _read_by_owner("payment_references")
    _read_by_owner("payment_disputes")


def _create_events() -> None:
    op.create_table(
        "payment_events",
        sa.Column("notice_id", sa.Text, primary_key=True),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("subject", JSONB),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts_count", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT),
        sa.CheckConstraint("state IN ('waiting', 'done', 'dead')", name="state"),
        sa.UniqueConstraint("gateway", "event_id"),
    )
    op.create_index(
        "ix_payment_events_due",
        "payment_events",
        ["due_at"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    exchange_only(op, "payment_events")


def _create_reconciliation() -> None:
    op.create_table(
        "payment_movements",
        sa.Column("movement_id", sa.Text, primary_key=True),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("fee_amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("explained_by", sa.Text, nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "explained_by IN ('operation', 'dispute', 'fee', 'payout', 'suspense')",
            name="explained_by",
        ),
        sa.UniqueConstraint("gateway", "reference"),
    )
    op.execute(
        "CREATE TRIGGER payment_movements_immutable BEFORE UPDATE OR DELETE OR TRUNCATE"
        " ON payment_movements FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse_change()"
    )
    op.create_table(
        "payment_findings",
        sa.Column("finding_id", sa.Text, primary_key=True),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("expected_amount", sa.BigInteger, nullable=False),
        sa.Column("found_amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("seen_count", sa.BigInteger, nullable=False),
        sa.Column("found_at", INSTANT, nullable=False),
        sa.Column("last_seen_at", INSTANT, nullable=False),
        sa.Column("resolved_at", INSTANT),
        sa.Column("resolved_by", sa.Text),
        sa.Column("resolution", sa.Text),
        sa.CheckConstraint(CURRENCY, name="currency"),
        sa.CheckConstraint("seen_count > 0", name="seen_count"),
        sa.CheckConstraint("(resolved_at IS NULL) = (resolved_by IS NULL)", name="resolved"),
    )
    op.create_index(
        "uq_payment_findings_open",
        "payment_findings",
        ["gateway", "rule", "subject"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "payment_sweeps",
        sa.Column("gateway", sa.Text, primary_key=True),
        sa.Column("read_until", INSTANT, nullable=False),
        sa.Column("swept_at", INSTANT, nullable=False),
    )
    for table in ("payment_movements", "payment_findings", "payment_sweeps"):
        exchange_only(op, table)


def _create_accounts() -> None:
    op.create_table(
        "payout_accounts",
        sa.Column("account_id", sa.Text, primary_key=True),
        sa.Column("organisation_id", sa.Text, nullable=False),
        sa.Column("gateway", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False, unique=True),
        sa.Column("request", JSONB, nullable=False),
        sa.Column("provider_reference", sa.Text),
        sa.Column("requirements", JSONB, nullable=False),
        sa.Column("reason_code", sa.Text),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("attempts_count", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT),
        sa.CheckConstraint(
            "state IN ('planned', 'sent', 'onboarding', 'ready', 'failed')", name="state"
        ),
        sa.CheckConstraint(
            "(provider_reference IS NOT NULL) = (state IN ('onboarding', 'ready'))",
            name="provider_reference",
        ),
        sa.UniqueConstraint("organisation_id", "gateway"),
        sa.UniqueConstraint("gateway", "provider_reference"),
    )
    op.create_index(
        "ix_payout_accounts_due",
        "payout_accounts",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    _keep("payout_accounts")
    _read_by_owner("payout_accounts")
