"""Outbox and idempotency records of the kernel."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.row_security import exchange_only

revision = "0001_kernel"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the kernel's two tables."""
    op.create_table(
        "outbox_messages",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts_count", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text),
        sa.Column("enqueued_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT),
        sa.CheckConstraint("state IN ('waiting', 'done', 'dead')", name="state"),
    )
    op.create_index(
        "ix_outbox_messages_due",
        "outbox_messages",
        ["due_at", "id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    # Any reach may enqueue with its own write; only the worker, with the exchange's reach, reads.
    op.execute("ALTER TABLE outbox_messages ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE outbox_messages FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY outbox_messages_exchange ON outbox_messages"
        " USING (current_setting('counterfoil.reach', true) = 'exchange')"
    )
    op.execute(
        "CREATE POLICY outbox_messages_enqueue ON outbox_messages FOR INSERT WITH CHECK (true)"
    )
    op.create_table(
        "idempotent_responses",
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("status", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("content_type", sa.Text, nullable=False),
        sa.Column("stored_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False, index=True),
    )
    exchange_only(op, "idempotent_responses")


def downgrade() -> None:
    """Drop them."""
    op.drop_table("idempotent_responses")
    op.drop_table("outbox_messages")
