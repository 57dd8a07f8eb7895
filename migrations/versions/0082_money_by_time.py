"""Money in and out is found by when it was asked for without reading everything."""

from alembic import op

revision = "0082_money_by_time"
down_revision = "0081_documents"
branch_labels = None
depends_on = None

# The organisations' own lists are bounded by their indexes; these serve the exchange's staff.
TABLES = ("top_ups", "withdrawals", "payouts")


def upgrade() -> None:
    """One index for each new filter."""
    for table in TABLES:
        op.create_index(f"ix_{table}_requested_at", table, ["requested_at"])


def downgrade() -> None:
    """Without them the staff's filters read whole tables."""
    for table in TABLES:
        op.drop_index(f"ix_{table}_requested_at", table_name=table)
