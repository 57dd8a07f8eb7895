"""Settlement runs, payouts, credits and disputes."""

revision = "0014_settlement"
down_revision = "0013_offers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
