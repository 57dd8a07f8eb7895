"""The exchange decides about another price by a deadline of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0061_price_decision_deadlines"
down_revision = "0060_collected_returns"
branch_labels = None
depends_on = None

REACH = "SELECT set_config('counterfoil.reach', 'exchange', true)"
COLUMNS = ("decision_due_at", "decision_escalated_at")


def upgrade() -> None:
    """What waits already is due as the table of grounds counts: ten working days are two weeks."""
    for name in COLUMNS:
        op.add_column("price_alarms", sa.Column(name, sa.DateTime(timezone=True)))
    op.execute(REACH)
    op.execute(
        "UPDATE price_alarms SET decision_due_at = coalesce(explained_at, due_at)"
        " + interval '14 days' WHERE decided_by IS NULL"
        " AND (explained_at IS NOT NULL OR escalated_at IS NOT NULL)"
    )
    op.create_index(
        "ix_price_alarms_decision_due_at",
        "price_alarms",
        ["decision_due_at"],
        postgresql_where=sa.text(
            "state IN ('OPEN', 'EXPLAINED') AND decision_escalated_at IS NULL"
        ),
    )


def downgrade() -> None:
    """The supplier's deadline alone, as before."""
    op.drop_index("ix_price_alarms_decision_due_at", "price_alarms")
    for name in COLUMNS:
        op.drop_column("price_alarms", name)
