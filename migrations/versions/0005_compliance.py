"""Parties, review cases, decisions and scenarios."""

from alembic import op

revision = "0005_compliance"
down_revision = "0004_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of this room."""
    op.execute("SELECT 1")


def downgrade() -> None:
    """Drop them."""
    op.execute("SELECT 1")
