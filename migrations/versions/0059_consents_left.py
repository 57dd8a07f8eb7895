"""A transfer says which consents stay behind with the former holder's product."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0059_consents_left"
down_revision = "0058_consent_evidence"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is known of those before."""
    op.add_column("registration_transfers", sa.Column("consents_left", JSONB))


def downgrade() -> None:
    """A transfer that says nothing of consents."""
    op.drop_column("registration_transfers", "consents_left")
