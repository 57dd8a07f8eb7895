"""Payment operations, provider events and provider accounts."""

revision = "0016_payments"
down_revision = "0015_billing"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
