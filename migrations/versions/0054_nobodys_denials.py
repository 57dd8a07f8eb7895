"""A refused call whose key nobody knows is nobody's, not the organisation's without a name."""

from alembic import op

revision = "0054_nobodys_denials"
down_revision = "0053_quality_facet"
branch_labels = None
depends_on = None

REACH = "SELECT set_config('counterfoil.reach', 'exchange', true)"


def upgrade() -> None:
    """No policy compares with what is not there; an empty name would meet an empty reach."""
    op.execute("ALTER TABLE denial_counts ALTER COLUMN buyer_id DROP NOT NULL")
    op.execute(REACH)
    op.execute("UPDATE denial_counts SET buyer_id = NULL WHERE buyer_id = ''")
    op.execute(
        "ALTER TABLE denial_counts ADD CONSTRAINT ck_denial_counts_buyer_id CHECK (buyer_id <> '')"
    )


def downgrade() -> None:
    """The empty name, as before."""
    op.execute("ALTER TABLE denial_counts DROP CONSTRAINT ck_denial_counts_buyer_id")
    op.execute(REACH)
    op.execute("UPDATE denial_counts SET buyer_id = '' WHERE buyer_id IS NULL")
    op.execute("ALTER TABLE denial_counts ALTER COLUMN buyer_id SET NOT NULL")
