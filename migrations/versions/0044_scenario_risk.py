"""How risky a declared use is, and the first of two people where it takes two."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0044_scenario_risk"
down_revision = "0043_fingerprints"
branch_labels = None
depends_on = None

OLD_STATES = "state IN ('SUBMITTED', 'ACTIVE', 'REFUSED', 'WITHDRAWN')"
NEW_STATES = "state IN ('SUBMITTED', 'SECOND', 'ACTIVE', 'REFUSED', 'WITHDRAWN')"
COLUMNS = (
    "risk_score",
    "risk_factors",
    "needs_two",
    "first_approved_by",
    "first_approved_at",
    "first_narrowed",
)


def upgrade() -> None:
    """What was decided so far took one person."""
    for column in (
        sa.Column("risk_score", sa.BigInteger),
        sa.Column("risk_factors", JSONB, nullable=False, server_default="{}"),
        sa.Column("needs_two", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("first_approved_by", sa.Text),
        sa.Column("first_approved_at", sa.DateTime(timezone=True)),
        sa.Column("first_narrowed", JSONB),
    ):
        op.add_column("scenarios", column)
    op.drop_constraint("state", "scenarios")
    op.create_check_constraint("state", "scenarios", NEW_STATES)
    op.create_check_constraint(
        "two_people_where_it_takes_two",
        "scenarios",
        "state <> 'ACTIVE' OR NOT needs_two OR (first_approved_by IS NOT NULL"
        " AND first_approved_by <> decided_by AND first_approved_by <> submitted_by)",
    )


def downgrade() -> None:
    """What waited for its second person waits for its first again."""
    op.drop_constraint("two_people_where_it_takes_two", "scenarios")
    op.execute("UPDATE scenarios SET state = 'SUBMITTED' WHERE state = 'SECOND'")
    op.drop_constraint("state", "scenarios")
    op.create_check_constraint("state", "scenarios", OLD_STATES)
    for column in COLUMNS:
        op.drop_column("scenarios", column)
