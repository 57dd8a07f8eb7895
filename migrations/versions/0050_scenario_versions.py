"""Which version of the product a use was declared for, and how often it was narrowed since."""

import sqlalchemy as sa
from alembic import op

revision = "0050_scenario_versions"
down_revision = "0049_price_alarms"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was declared before names the version that is listed now, if it still is."""
    op.add_column("scenarios", sa.Column("product_version_id", sa.Text))
    op.add_column(
        "scenarios", sa.Column("version", sa.BigInteger, nullable=False, server_default="1")
    )
    op.execute(
        "UPDATE scenarios n SET product_version_id = g.version_id FROM listing_standings g"
        " WHERE g.listing_code = n.listing_code AND g.noted_at <= n.submitted_at"
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_column("scenarios", "version")
    op.drop_column("scenarios", "product_version_id")
