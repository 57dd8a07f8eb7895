"""What only whoever runs the exchange can say of it: stated by one, confirmed by another."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.row_security import exchange_only

revision = "0051_platform_duties"
down_revision = "0050_scenario_versions"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Nothing has been stated yet."""
    op.create_table(
        "platform_statements",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("rule_id", sa.Text, nullable=False),
        sa.Column(
            "rule_set_hash", sa.Text, sa.ForeignKey("rule_sets.hash"), nullable=False, index=True
        ),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("input_hash", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("decided_by", JSONB, nullable=False),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("document_hash", sa.Text, nullable=False),
        sa.Column("valid_until", INSTANT, nullable=False),
        sa.Column("stated_by", sa.Text, nullable=False),
        sa.Column("stated_at", INSTANT, nullable=False),
        sa.Column("confirmed_by", sa.Text),
        sa.Column("confirmed_at", INSTANT),
        sa.Column("escalated_at", INSTANT),
        sa.CheckConstraint("confirmed_by <> stated_by", name="two_people"),
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR outcome IN ('PASS', 'NEEDS_HUMAN')", name="rules_hold"
        ),
        sa.CheckConstraint("valid_until > stated_at", name="ahead"),
    )
    op.create_index("ix_platform_statements_rule_id_id", "platform_statements", ["rule_id", "id"])
    exchange_only(op, "platform_statements")


def downgrade() -> None:
    """Drop it."""
    op.drop_table("platform_statements")
