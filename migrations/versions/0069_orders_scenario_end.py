"""Until when the scenario of an order was approved, to say what a paid term outlasts."""

from alembic import op

revision = "0069_orders_scenario_end"
down_revision = "0068_bank_arrivals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody asked at orders that were placed before."""
    op.execute("ALTER TABLE orders ADD COLUMN scenario_ends_at timestamptz")


def downgrade() -> None:
    """The agreement keeps its period."""
    op.execute("ALTER TABLE orders DROP COLUMN scenario_ends_at")
