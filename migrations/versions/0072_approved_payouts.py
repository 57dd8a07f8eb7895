"""What was sent was approved: the state `sent` alone did not ask for the second person's name."""

from alembic import op

revision = "0072_approved_payouts"
down_revision = "0071_returned_withdrawals"
branch_labels = None
depends_on = None

APPROVED = "state IN ('requested', 'cancelled') OR approved_by IS NOT NULL"


def upgrade() -> None:
    """Nothing in the code sends what nobody approved; now no other hand can say that it was."""
    for table in ("payouts", "withdrawals"):
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_approved CHECK ({APPROVED})")


def downgrade() -> None:
    """The state's own rule still asks of everything but what is on its way."""
    for table in ("payouts", "withdrawals"):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_approved")
