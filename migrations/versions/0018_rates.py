"""Rate windows shared by every worker, and delivery failures."""

revision = "0018_rates"
down_revision = "0017_notices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing either."""
