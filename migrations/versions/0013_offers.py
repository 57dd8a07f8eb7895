"""Negotiated offers and revenue shares."""

revision = "0013_offers"
down_revision = "0012_pools"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
