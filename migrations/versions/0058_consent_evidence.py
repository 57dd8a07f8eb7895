"""A file of consents that is sent again finds what it recorded before."""

from alembic import op

revision = "0058_consent_evidence"
down_revision = "0057_assigned_specialities"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """By the record of the person's answer, which a collecting system keeps."""
    op.create_index("ix_consents_evidence_hash", "consents", ["product_id", "evidence_hash"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_consents_evidence_hash", "consents")
