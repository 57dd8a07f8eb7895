"""What somebody must know to judge a case, so that the queue can be asked for it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0042_specialities"
down_revision = "0041_withdrawn_applications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Cases so far get the scenes that their dossiers name; decided ones need no more."""
    op.add_column(
        "review_cases",
        sa.Column("specialities", ARRAY(sa.Text), nullable=False, server_default="{}"),
    )
    op.execute(
        "UPDATE review_cases SET specialities = ARRAY(SELECT jsonb_array_elements_text("
        "dossier->'sectors')) WHERE jsonb_typeof(dossier->'sectors') = 'array'"
    )
    op.create_index(
        "ix_review_cases_specialities", "review_cases", ["specialities"], postgresql_using="gin"
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_review_cases_specialities", "review_cases")
    op.drop_column("review_cases", "specialities")
