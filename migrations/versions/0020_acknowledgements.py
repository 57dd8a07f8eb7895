"""Buyers' acknowledgements and the auditor's trail."""

revision = "0020_acknowledgements"
down_revision = "0019_log_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing either."""
