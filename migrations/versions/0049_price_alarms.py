"""Prices that differ under the same conditions: the supplier's reason, the exchange's decision."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.row_security import protect

revision = "0049_price_alarms"
down_revision = "0048_reviewer_specialities"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """What the rule said so far stays in its evaluations; from now on somebody is told."""
    op.create_table(
        "price_alarms",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("licence_id", sa.Text, sa.ForeignKey("licences.id"), nullable=False, unique=True),
        sa.Column("listing_code", sa.Text, nullable=False, index=True),
        sa.Column("supplier_id", sa.Text, nullable=False),
        sa.Column("plan_hash", sa.Text, nullable=False),
        sa.Column("other_plan_hashes", ARRAY(sa.Text), nullable=False),
        sa.Column("rule_set_hash", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("escalated_at", INSTANT),
        sa.Column("ground", sa.Text),
        sa.Column("explanation", sa.Text),
        sa.Column("explanation_salt", sa.Text),
        sa.Column("explanation_hash", sa.Text),
        sa.Column("explained_by", sa.Text),
        sa.Column("explained_at", INSTANT),
        sa.Column("decided_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("reason_salt", sa.Text),
        sa.Column("reason_hash", sa.Text),
        sa.Column("decided_at", INSTANT),
        sa.CheckConstraint("state IN ('OPEN', 'EXPLAINED', 'ACCEPTED', 'OBJECTED')", name="state"),
        sa.CheckConstraint(
            "state NOT IN ('EXPLAINED', 'ACCEPTED') OR (ground IS NOT NULL"
            " AND explanation_hash IS NOT NULL AND explained_at IS NOT NULL)",
            name="explained",
        ),
        sa.CheckConstraint(
            "(state IN ('ACCEPTED', 'OBJECTED')) = (decided_by IS NOT NULL)"
            " AND (decided_by IS NULL) = (reason_hash IS NULL)",
            name="decision_has_a_reason",
        ),
        sa.CheckConstraint("decided_by <> explained_by", name="two_people"),
    )
    op.create_index("ix_price_alarms_supplier_id_id", "price_alarms", ["supplier_id", "id"])
    op.create_index("ix_price_alarms_state_id", "price_alarms", ["state", "id"])
    # A buyer does not learn what others pay: between the supplier and the exchange.
    protect(op, "price_alarms", owners=["supplier_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("price_alarms")
