"""By what a registration is recognised in another's: its schema, and the rows of its sample."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0043_fingerprints"
down_revision = "0042_specialities"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Cases so far have none; they get theirs before the next one is compared with them."""
    op.add_column("review_cases", sa.Column("schema_fingerprint", sa.Text))
    op.add_column(
        "review_cases", sa.Column("row_fingerprints", ARRAY(sa.Text), nullable=False,
                                  server_default="{}")
    )  # fmt: skip
    op.create_index("ix_review_cases_schema_fingerprint", "review_cases", ["schema_fingerprint"])
    op.create_index(
        "ix_review_cases_row_fingerprints",
        "review_cases",
        ["row_fingerprints"],
        postgresql_using="gin",
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_review_cases_row_fingerprints", "review_cases")
    op.drop_index("ix_review_cases_schema_fingerprint", "review_cases")
    op.drop_column("review_cases", "row_fingerprints")
    op.drop_column("review_cases", "schema_fingerprint")
