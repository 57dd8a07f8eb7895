"""What each reviewer knows, so that the queue can be asked for what is theirs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.row_security import exchange_only

revision = "0048_reviewer_specialities"
down_revision = "0047_scenario_panels"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nobody has said anything yet, so the queue is everybody's as before."""
    op.create_table(
        "reviewer_specialities",
        sa.Column("person_id", sa.Text, primary_key=True),
        sa.Column("specialities", ARRAY(sa.Text), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cardinality(specialities) BETWEEN 1 AND 50", name="some"),
    )
    op.create_index(
        "ix_reviewer_specialities_specialities",
        "reviewer_specialities",
        ["specialities"],
        postgresql_using="gin",
    )
    exchange_only(op, "reviewer_specialities")


def downgrade() -> None:
    """Drop it."""
    op.drop_table("reviewer_specialities")
