"""Log keys, witnesses and shards."""

revision = "0019_log_keys"
down_revision = "0018_rates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing either."""
