"""Negotiated offers and revenue shares."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.row_security import protect

revision = "0013_offers"
down_revision = "0012_pools"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
KINDS_BEFORE = "'per_call', 'package'"
KINDS = "'per_call', 'graduated', 'volume', 'package', 'subscription', 'yearly'"
HASH = "~ '^[0-9a-f]{64}$'"


def upgrade() -> None:
    """More kinds of plans; offers to one buyer; shares of several suppliers."""
    _allow_kinds(KINDS)
    _create_custom_offers()
    _let_orders_rest_on_custom_offers()
    _create_contributions()
    _create_agreement_shares()
    protect(op, "custom_offers", owners=["buyer_id", "supplier_id"])
    protect(op, "contributions", owners=["supplier_id", "contributor_id"])
    # Not the buyer's: who it is and what it agreed is between buyer and supplier.
    protect(op, "agreement_shares", owners=["supplier_id", "contributor_id"])


def downgrade() -> None:
    """Back to listed plans of two kinds, each of one supplier."""
    _fix_orders("state,licence_id,activated_at")
    op.drop_constraint("fk_orders_custom_offers", "orders")
    op.drop_column("orders", "listed_plan_id")
    op.drop_column("orders", "custom_offer_id")
    op.create_foreign_key("orders_plan_id_fkey", "orders", "plans", ["plan_id"], ["id"])
    for table in ("agreement_shares", "contributions", "custom_offers"):
        op.drop_table(table)
    for function in ("agreement_shares_are_fixed", "custom_offers_are_fixed"):
        op.execute(f"DROP FUNCTION {function}()")
    _allow_kinds(KINDS_BEFORE)


def _allow_kinds(kinds: str) -> None:
    op.execute("ALTER TABLE plans DROP CONSTRAINT kind")
    op.execute(f"ALTER TABLE plans ADD CONSTRAINT kind CHECK (terms ->> 'kind' IN ({kinds}))")


def _create_custom_offers() -> None:
    op.create_table(
        "custom_offers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("supplier_id", sa.Text, nullable=False),
        sa.Column("buyer_id", sa.Text, nullable=False),
        sa.Column(
            "listing_code",
            sa.Text,
            sa.ForeignKey("listings.listing_code"),
            nullable=False,
            index=True,
        ),
        sa.Column("plan_id", sa.Text, nullable=False, unique=True),
        sa.Column("terms", JSONB, nullable=False),
        sa.Column("plan_hash", sa.Text, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("valid_until", INSTANT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT),
        sa.Column("decline_reason", sa.Text),
        sa.Column("order_id", sa.Text, unique=True),
        # What an order on it must agree with, all at once.
        sa.UniqueConstraint("id", "plan_id", "buyer_id", "supplier_id", "listing_code"),
        sa.CheckConstraint("buyer_id <> supplier_id", name="two_parties"),
        sa.CheckConstraint(f"plan_hash {HASH}", name="plan_hash"),
        sa.CheckConstraint(f"terms ->> 'kind' IN ({KINDS})", name="kind"),
        sa.CheckConstraint("proposed_at < valid_until", name="period"),
        sa.CheckConstraint(
            "state IN ('PROPOSED', 'ACCEPTED', 'DECLINED', 'WITHDRAWN')"
            " AND (state = 'PROPOSED') = (decided_at IS NULL)"
            " AND (state = 'ACCEPTED') = (order_id IS NOT NULL)"
            " AND (state = 'DECLINED' OR decline_reason IS NULL)"
            " AND (state <> 'ACCEPTED' OR decided_at < valid_until)",
            name="state",
        ),
    )
    op.create_index("ix_custom_offers_buyer_id", "custom_offers", ["buyer_id", "id"])
    op.create_index("ix_custom_offers_supplier_id", "custom_offers", ["supplier_id", "id"])
    op.execute(
        """
        CREATE FUNCTION custom_offers_are_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND OLD.state = 'PROPOSED'
               AND (to_jsonb(NEW) - '{state,decided_at,decline_reason,order_id}'::text[])
                 = (to_jsonb(OLD) - '{state,decided_at,decline_reason,order_id}'::text[]) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'a custom offer is only decided, once'
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    _guard("custom_offers")


def _let_orders_rest_on_custom_offers() -> None:
    # A plan is a listed one or, with a custom offer, that offer's: which foreign key holds the
    # order to it follows from the row itself.
    op.drop_constraint("orders_plan_id_fkey", "orders")
    op.add_column("orders", sa.Column("custom_offer_id", sa.Text, unique=True))
    op.execute(
        "ALTER TABLE orders ADD COLUMN listed_plan_id text"
        " GENERATED ALWAYS AS (CASE WHEN custom_offer_id IS NULL THEN plan_id END) STORED"
        " CONSTRAINT fk_orders_listed_plan_id_plans REFERENCES plans (id)"
    )
    op.create_foreign_key(
        "fk_orders_custom_offers",
        "orders",
        "custom_offers",
        ["custom_offer_id", "plan_id", "buyer_id", "supplier_id", "listing_code"],
        ["id", "plan_id", "buyer_id", "supplier_id", "listing_code"],
    )
    # Before an update a generated column is not computed yet, so it is no change either.
    _fix_orders("state,licence_id,activated_at,listed_plan_id")


def _fix_orders(free: str) -> None:
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION orders_are_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND OLD.licence_id IS NULL
               AND (to_jsonb(NEW) - '{{{free}}}'::text[])
                 = (to_jsonb(OLD) - '{{{free}}}'::text[]) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'an order is only activated, once' USING ERRCODE = 'restrict_violation';
        END $$
        """
    )


def _create_contributions() -> None:
    op.create_table(
        "contributions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("version_id", sa.Text, sa.ForeignKey("product_versions.id"), nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False),
        sa.Column("contributor_id", sa.Text, nullable=False),
        sa.Column("terms", JSONB, nullable=False),
        sa.Column("terms_hash", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT),
        sa.Column("decline_reason", sa.Text),
        sa.UniqueConstraint("version_id", "contributor_id"),
        sa.CheckConstraint("contributor_id <> supplier_id", name="two_parties"),
        sa.CheckConstraint(f"terms_hash {HASH}", name="terms_hash"),
        sa.CheckConstraint(
            "state IN ('ASKED', 'AGREED', 'DECLINED')"
            " AND (state = 'ASKED') = (decided_at IS NULL)"
            " AND (state = 'DECLINED' OR decline_reason IS NULL)",
            name="state",
        ),
    )
    op.create_index("ix_contributions_supplier_id", "contributions", ["supplier_id", "id"])
    op.create_index("ix_contributions_contributor_id", "contributions", ["contributor_id", "id"])


def _create_agreement_shares() -> None:
    op.create_table(
        "agreement_shares",
        sa.Column("agreement_id", sa.Text, sa.ForeignKey("agreements.id"), primary_key=True),
        sa.Column("contributor_id", sa.Text, primary_key=True),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("listing_code", sa.Text, nullable=False),
        sa.Column("version_id", sa.Text, nullable=False),
        sa.Column("agreement_hash", sa.Text, nullable=False),
        sa.Column("split_bp", sa.BigInteger, nullable=False),
        sa.Column("agreed_at", INSTANT, nullable=False),
        sa.CheckConstraint("split_bp BETWEEN 0 AND 10000", name="split_bp"),
        sa.CheckConstraint(f"agreement_hash {HASH}", name="agreement_hash"),
    )
    op.create_index(
        "ix_agreement_shares_contributor_id", "agreement_shares", ["contributor_id", "agreement_id"]
    )
    op.execute(
        """
        CREATE FUNCTION agreement_shares_are_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'a share of an agreement never changes'
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    _guard("agreement_shares")


def _guard(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_are_fixed BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION {table}_are_fixed()"
    )
