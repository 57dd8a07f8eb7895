"""Billing runs, credit lines, recognition and freezes."""

revision = "0015_billing"
down_revision = "0014_settlement"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
