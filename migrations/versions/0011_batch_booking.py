"""Booking of metered calls, a whole commit at once."""

revision = "0011_batch_booking"
down_revision = "0010_metering"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing either."""
