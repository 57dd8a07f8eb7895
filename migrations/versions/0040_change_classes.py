"""What a version changes of the one approved before it, and which answers still hold."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.row_security import exchange_only

revision = "0040_change_classes"
down_revision = "0039_runs_by_lease"
branch_labels = None
depends_on = None

CLASSES = "'EDITORIAL', 'COMMERCIAL', 'MATERIAL', 'IDENTITY'"
COLUMNS = ("base_case_id", "change_class", "change_table_hash", "changes")


def upgrade() -> None:
    """Add them; cases so far were reviewed whole and have no base."""
    op.add_column(
        "review_cases", sa.Column("base_case_id", sa.Text, sa.ForeignKey("review_cases.id"))
    )
    op.add_column("review_cases", sa.Column("change_class", sa.Text))
    op.add_column("review_cases", sa.Column("change_table_hash", sa.Text))
    op.add_column("review_cases", sa.Column("changes", JSONB, nullable=False, server_default="[]"))
    op.create_check_constraint("change_class", "review_cases", f"change_class IN ({CLASSES})")
    op.create_check_constraint(
        "change_has_a_base",
        "review_cases",
        "(base_case_id IS NULL) = (change_class IS NULL)"
        " AND (base_case_id IS NULL) = (change_table_hash IS NULL)",
    )
    op.create_index(
        "ix_review_cases_product_id_decided_at", "review_cases", ["product_id", "decided_at"]
    )
    _create_carried_answers()


def _create_carried_answers() -> None:
    op.create_table(
        "carried_answers",
        sa.Column("case_id", sa.Text, sa.ForeignKey("review_cases.id"), primary_key=True),
        sa.Column("rule_id", sa.Text, primary_key=True),
        # Where people answered it, however many versions ago.
        sa.Column("from_case_id", sa.Text, sa.ForeignKey("review_cases.id"), nullable=False),
        sa.Column("from_version_id", sa.Text, nullable=False),
        sa.Column("carried_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("from_case_id <> case_id", name="of_another_case"),
    )
    exchange_only(op, "carried_answers")


def downgrade() -> None:
    """Drop them."""
    op.drop_table("carried_answers")
    op.drop_index("ix_review_cases_product_id_decided_at", "review_cases")
    op.drop_constraint("change_has_a_base", "review_cases")
    op.drop_constraint("change_class", "review_cases")
    for column in COLUMNS:
        op.drop_column("review_cases", column)
