"""What is asked of a time is found without reading everything, in six lists more."""

from alembic import op

revision = "0078_more_filters_of_lists"
down_revision = "0077_filters_of_lists"
branch_labels = None
depends_on = None

# The parties' own lists are bounded by their indexes; these serve the exchange's staff.
INDEXES = {
    "agreements": "agreed_at",
    "credit_bills": "issued_at",
    "deferrals": "starts_at",
    "entitlements": "starts_at",
    "payment_disputes": "opened_at",
    "settlements": "settled_at",
}


def upgrade() -> None:
    """One index for each new filter."""
    for table, column in INDEXES.items():
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """Without them the staff's filters read whole tables."""
    for table, column in INDEXES.items():
        op.drop_index(f"ix_{table}_{column}", table_name=table)
