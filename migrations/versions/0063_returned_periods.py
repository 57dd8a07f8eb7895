"""What the end of a term gives back of the periods before the last."""

from alembic import op

revision = "0063_returned_periods"
down_revision = "0062_access_resets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was, so far: such a closing was refused by the constraint on the period's total."""
    op.execute(
        "ALTER TABLE licence_periods ADD COLUMN returned_amount bigint NOT NULL DEFAULT 0"
        " CONSTRAINT ck_licence_periods_returned_amount CHECK (returned_amount >= 0)"
    )


def downgrade() -> None:
    """What was given back stays in the books."""
    op.execute("ALTER TABLE licence_periods DROP COLUMN returned_amount")
