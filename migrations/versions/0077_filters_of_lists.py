"""What is asked of a listing, or of a time, is found without reading everything."""

from alembic import op

revision = "0077_filters_of_lists"
down_revision = "0076_kept_whole"
branch_labels = None
depends_on = None

# The parties' own lists are bounded by their indexes; these serve the exchange's staff.
INDEXES = {
    "licence_parties": "listing_code",
    "entitlements": "listing_code",
    "invoices": "issued_at",
    "credits": "given_at",
    "disputes": "opened_at",
}


def upgrade() -> None:
    """One index for each new filter."""
    for table, column in INDEXES.items():
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    """Without them the staff's filters read whole tables."""
    for table, column in INDEXES.items():
        op.drop_index(f"ix_{table}_{column}", table_name=table)
