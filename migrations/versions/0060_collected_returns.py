"""What a charge-back left owed may be collected later."""

import sqlalchemy as sa
from alembic import op

revision = "0060_collected_returns"
down_revision = "0059_consents_left"
branch_labels = None
depends_on = None

_OWED = sa.text("owed_amount > collected_amount")


def upgrade() -> None:
    """Nothing was collected before."""
    op.add_column(
        "top_up_returns",
        sa.Column("collected_amount", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_check_constraint(
        "collected", "top_up_returns", "collected_amount BETWEEN 0 AND owed_amount"
    )
    op.create_index(
        "ix_top_up_returns_owed", "top_up_returns", ["return_id"], postgresql_where=_OWED
    )


def downgrade() -> None:
    """Owed is owed, whatever was collected."""
    op.drop_index("ix_top_up_returns_owed", "top_up_returns")
    op.drop_constraint("collected", "top_up_returns", type_="check")
    op.drop_column("top_up_returns", "collected_amount")
