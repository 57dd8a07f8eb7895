"""A declared use has a deadline at each stage, as a case of a version has."""

import sqlalchemy as sa
from alembic import op

revision = "0055_scenario_deadlines"
down_revision = "0054_nobodys_denials"
branch_labels = None
depends_on = None

REACH = "SELECT set_config('counterfoil.reach', 'exchange', true)"
COLUMNS = ("stage_since_at", "due_at", "escalated_at")
SINCE = "coalesce(decided_at, first_approved_at, submitted_at)"


def upgrade() -> None:
    """What waits already is due as the shipped policy counts: five and three working days."""
    for name in COLUMNS:
        op.add_column("scenarios", sa.Column(name, sa.DateTime(timezone=True)))
    op.execute(REACH)
    op.execute(f"UPDATE scenarios SET stage_since_at = {SINCE}")  # noqa: S608 -- our own text
    for state, days in (("SUBMITTED", 7), ("SECOND", 5)):
        op.execute(
            f"UPDATE scenarios SET due_at = {SINCE} + interval '{days} days'"  # noqa: S608 -- our own text
            f" WHERE state = '{state}'"
        )
    op.alter_column("scenarios", "stage_since_at", nullable=False)
    op.create_index(
        "ix_scenarios_due_at",
        "scenarios",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL AND escalated_at IS NULL"),
    )


def downgrade() -> None:
    """A use without deadlines, as before."""
    op.drop_index("ix_scenarios_due_at", "scenarios")
    for name in COLUMNS:
        op.drop_column("scenarios", name)
