"""The catalogue sorts by price within one currency, from an index that says so."""

import sqlalchemy as sa
from alembic import op

revision = "0085_prices_by_currency"
down_revision = "0084_failures_of_runs"
branch_labels = None
depends_on = None

ON_SALE = sa.text("state = 'LISTED'")


def upgrade() -> None:
    """Amounts of two currencies stand apart."""
    _index("ix_listings_currency", ["currency", "lowest_price_amount", "listing_code"])
    op.drop_index("ix_listings_lowest_price_amount", table_name="listings")


def downgrade() -> None:
    """All amounts in one order, whatever they are amounts of."""
    _index("ix_listings_lowest_price_amount", ["lowest_price_amount", "listing_code"])
    op.drop_index("ix_listings_currency", table_name="listings")


def _index(name: str, columns: list[str]) -> None:
    op.create_index(name, "listings", columns, postgresql_where=ON_SALE)
