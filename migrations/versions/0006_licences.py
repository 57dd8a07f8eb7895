"""Effective licences."""

from alembic import op

revision = "0006_licences"
down_revision = "0005_compliance"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of this room."""
    op.execute("SELECT 1")


def downgrade() -> None:
    """Drop them."""
    op.execute("SELECT 1")
