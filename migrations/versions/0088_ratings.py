"""Buyers rate what they called; a listing carries how many did, and their stars."""

import sqlalchemy as sa
from alembic import op

from migrations.row_security import protect

revision = "0088_ratings"
down_revision = "0087_payments_by_time"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One rating an organisation and listing; who gave it is its own to read."""
    op.create_table(
        "ratings",
        sa.Column(
            "listing_code", sa.Text, sa.ForeignKey("listings.listing_code"), primary_key=True
        ),
        sa.Column("buyer_id", sa.Text, primary_key=True),
        sa.Column("stars", sa.BigInteger, nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
    )
    protect(op, "ratings", owners=["buyer_id"])
    for column in ("rating_count", "rating_stars"):
        op.add_column(
            "listings", sa.Column(column, sa.BigInteger, nullable=False, server_default="0")
        )
    op.create_check_constraint(
        "rating_stars", "listings", "rating_stars BETWEEN rating_count AND 5 * rating_count"
    )


def downgrade() -> None:
    """Ratings go; whoever gave them knows them."""
    op.drop_constraint("rating_stars", "listings")
    op.drop_column("listings", "rating_stars")
    op.drop_column("listings", "rating_count")
    op.drop_table("ratings")
