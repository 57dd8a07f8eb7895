"""Who said what a reviewer knows: the reviewer, or whoever shares out the work."""

import sqlalchemy as sa
from alembic import op

revision = "0057_assigned_specialities"
down_revision = "0056_unserved_calls"
branch_labels = None
depends_on = None

REACH = "SELECT set_config('counterfoil.reach', 'exchange', true)"


def upgrade() -> None:
    """So far everybody spoke for themselves."""
    op.add_column("reviewer_specialities", sa.Column("registered_by", sa.Text))
    op.execute(REACH)
    op.execute("UPDATE reviewer_specialities SET registered_by = person_id")
    op.alter_column("reviewer_specialities", "registered_by", nullable=False)


def downgrade() -> None:
    """Nobody asks who said it."""
    op.drop_column("reviewer_specialities", "registered_by")
