"""Webhook endpoints and deliveries."""

revision = "0017_notices"
down_revision = "0016_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
