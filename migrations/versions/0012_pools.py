"""Allowance pools, periods and caps."""

revision = "0012_pools"
down_revision = "0011_batch_booking"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing either."""
