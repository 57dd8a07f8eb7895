"""Products, versions, listings, offers and plans."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from migrations.row_security import open_to_all, protect

revision = "0003_listings"
down_revision = "0002_accounts"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ON_SALE = "state = 'LISTED'"
# Correlated, so that the planner can answer it from the index on version_id.
_PUBLISHED = (
    "EXISTS (SELECT 1 FROM listings"
    " WHERE listings.version_id = {column} AND listings.state = 'LISTED')"
)


def upgrade() -> None:
    """Create the tables of this room."""
    _create_parties()
    _create_products()
    _create_versions()
    _create_offers()
    _create_listings()
    _create_words()
    _protect()


def downgrade() -> None:
    """Drop them."""
    for table in (
        "listing_words",
        "upstream_credentials",
        "plans",
        "offers",
    ):
        op.drop_table(table)
    # The policy of versions looks into listings.
    op.execute("DROP POLICY product_versions_public ON product_versions")
    for table in ("listings", "product_versions", "data_products", "listing_parties"):
        op.drop_table(table)
    op.execute("DROP SEQUENCE listing_party_numbers")


def _create_parties() -> None:
    op.execute(
        "CREATE SEQUENCE listing_party_numbers START 1000000001 MAXVALUE 9999999999 NO CYCLE"
    )
    op.create_table(
        "listing_parties",
        sa.Column("organisation_id", sa.Text, primary_key=True),
        sa.Column(
            "party_number",
            sa.Text,
            nullable=False,
            unique=True,
            server_default=sa.text("nextval('listing_party_numbers')::text"),
        ),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("uscc", sa.Text, nullable=False),
        sa.Column("is_supplier", sa.Boolean, nullable=False),
        sa.Column("is_buyer", sa.Boolean, nullable=False),
        sa.Column("valid_until", INSTANT, nullable=False),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.CheckConstraint("party_number ~ '^[0-9]{10}$'", name="party_number"),
    )


def _create_products() -> None:
    op.create_table(
        "data_products",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("supplier_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("listing_code", sa.Text, unique=True),
        sa.Column("origin", JSONB),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 30", name="name"),
    )
    op.create_index("ix_data_products_supplier_id", "data_products", ["supplier_id", "id"])


def _create_versions() -> None:
    op.create_table(
        "product_versions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("product_id", sa.Text, sa.ForeignKey("data_products.id"), nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("listing_code", sa.Text, index=True),
        sa.Column("version_number", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("dossier_hash", sa.Text),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("edited_at", INSTANT, nullable=False),
        sa.Column("submitted_at", INSTANT),
        sa.Column("decided_at", INSTANT),
        sa.UniqueConstraint("product_id", "version_number"),
        sa.CheckConstraint("version_number > 0", name="version_number"),
        sa.CheckConstraint(
            "state IN ('DRAFT', 'SUBMITTED', 'RETURNED', 'REJECTED', 'LISTED', 'SUSPENDED',"
            " 'REVOKED', 'DELISTED', 'SUPERSEDED')",
            name="state",
        ),
        # What was handed in is bound to a hash for as long as it exists.
        sa.CheckConstraint(
            "state IN ('DRAFT', 'RETURNED') OR (dossier_hash ~ '^[0-9a-f]{64}$'"
            " AND submitted_at IS NOT NULL AND listing_code IS NOT NULL)",
            name="dossier_hash",
        ),
    )
    for name, states in (
        ("uq_product_versions_open", "'DRAFT', 'SUBMITTED', 'RETURNED'"),
        ("uq_product_versions_live", "'LISTED', 'SUSPENDED'"),
    ):
        op.create_index(
            name,
            "product_versions",
            ["product_id"],
            unique=True,
            postgresql_where=sa.text(f"state IN ({states})"),
        )
    op.create_table(
        "upstream_credentials",
        sa.Column("version_id", sa.Text, sa.ForeignKey("product_versions.id"), primary_key=True),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("context", sa.Text, nullable=False),
        sa.Column("stored_at", INSTANT, nullable=False),
    )


def _create_offers() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "version_id", sa.Text, sa.ForeignKey("product_versions.id"), nullable=False, index=True
        ),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("offer_id", sa.Text, sa.ForeignKey("offers.id"), nullable=False, index=True),
        sa.Column(
            "version_id", sa.Text, sa.ForeignKey("product_versions.id"), nullable=False, index=True
        ),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("terms", JSONB, nullable=False),
        sa.Column("plan_hash", sa.Text, nullable=False),
        sa.CheckConstraint("plan_hash ~ '^[0-9a-f]{64}$'", name="plan_hash"),
        sa.CheckConstraint("terms ->> 'kind' IN ('per_call', 'package')", name="kind"),
    )


def _create_listings() -> None:
    op.create_table(
        "listings",
        sa.Column("listing_code", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column(
            "product_id", sa.Text, sa.ForeignKey("data_products.id"), nullable=False, unique=True
        ),
        sa.Column(
            "version_id", sa.Text, sa.ForeignKey("product_versions.id"), nullable=False, unique=True
        ),
        sa.Column("supplier_id", sa.Text, nullable=False),
        sa.Column("supplier_name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("dossier_hash", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_en", sa.Text, nullable=False, server_default=""),
        sa.Column("series", sa.Text, nullable=False, server_default=""),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("keywords", ARRAY(sa.Text), nullable=False),
        sa.Column("sectors", ARRAY(sa.Text), nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("product_kind", sa.Text, nullable=False),
        sa.Column("delivery_mode", sa.Text, nullable=False),
        sa.Column("update_frequency", sa.Text, nullable=False),
        sa.Column("grade", sa.Text, nullable=False),
        sa.Column("price_models", ARRAY(sa.Text), nullable=False),
        sa.Column("lowest_price_amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("first_listed_at", INSTANT, nullable=False),
        sa.Column("published_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint("state IN ('LISTED', 'SUSPENDED', 'REVOKED', 'DELISTED')", name="state"),
        sa.CheckConstraint(
            "listing_code ~ '^[0-9]{10}-[0-9A-HJKMNP-TV-Z]{10}$'", name="listing_code"
        ),
        sa.CheckConstraint("lowest_price_amount >= 0", name="lowest_price_amount"),
        # Core data is never listed, whatever a review says (COMPLIANCE, rule CORE-1).
        sa.CheckConstraint("grade <> 'CORE'", name="grade"),
    )
    for columns in (
        ["published_at", "listing_code"],
        ["lowest_price_amount", "listing_code"],
        ["supplier_id"],
        ["topic"],
        ["product_kind"],
        ["delivery_mode"],
        ["update_frequency"],
        ["grade"],
    ):
        op.create_index(
            f"ix_listings_{columns[0]}",
            "listings",
            columns,
            postgresql_where=sa.text(ON_SALE),
        )


def _create_words() -> None:
    # Under row-level security PostgreSQL does not use an index for operators that are not
    # leakproof, and @@ is none: the words stand apart, in a table that is open to all.
    op.create_table(
        "listing_words",
        sa.Column(
            "listing_code", sa.Text, sa.ForeignKey("listings.listing_code"), primary_key=True
        ),
        sa.Column("search", TSVECTOR, nullable=False),
    )
    op.create_index("ix_listing_words_search", "listing_words", ["search"], postgresql_using="gin")


def _protect() -> None:
    # Words of published pages, private to nobody; the join with listings hides what is off sale.
    open_to_all(op, "listing_words")
    # A supplier's name stands on every page of its listings.
    protect(op, "listing_parties", owners=["organisation_id"], public="is_supplier")
    protect(op, "data_products", owners=["supplier_id"])
    protect(op, "upstream_credentials", owners=["supplier_id"])
    protect(op, "listings", owners=["supplier_id"], public=ON_SALE)
    for table, column in (
        ("product_versions", "product_versions.id"),
        ("offers", "offers.version_id"),
        ("plans", "plans.version_id"),
    ):
        protect(op, table, owners=["supplier_id"], public=_PUBLISHED.format(column=column))
