"""What was asked of payment providers, and came from them, is found by when."""

from alembic import op

revision = "0087_payments_by_time"
down_revision = "0086_declined_erasures"
branch_labels = None
depends_on = None

INSTANTS = {
    "payment_operations": "requested_at",
    "payment_events": "received_at",
    "payment_findings": "found_at",
    "payment_movements": "occurred_at",
}


def upgrade() -> None:
    """One index for each new filter by time."""
    for table, instant in INSTANTS.items():
        op.create_index(f"ix_{table}_{instant}", table, [instant])


def downgrade() -> None:
    """Without them the filters read whole tables."""
    for table, instant in INSTANTS.items():
        op.drop_index(f"ix_{table}_{instant}", table_name=table)
