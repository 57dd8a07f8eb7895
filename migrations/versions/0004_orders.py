"""Orders, agreements and approved scenarios as listings knows them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.row_security import protect

revision = "0004_orders"
down_revision = "0003_listings"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of this room."""
    _create_scenarios()
    _create_agreements()
    _create_orders()
    _forbid_orders_without_scenario()
    _fix_terms()
    protect(op, "approved_scenarios", owners=["buyer_id"])
    protect(op, "agreements", owners=["buyer_id", "supplier_id"])
    protect(op, "orders", owners=["buyer_id", "supplier_id"])


def downgrade() -> None:
    """Drop them."""
    for table in ("orders", "agreements", "approved_scenarios"):
        op.drop_table(table)
    for function in ("orders_need_a_scenario", "orders_are_fixed", "agreements_are_fixed"):
        op.execute(f"DROP FUNCTION {function}()")


def _create_scenarios() -> None:
    op.create_table(
        "approved_scenarios",
        sa.Column("scenario_id", sa.Text, primary_key=True),
        sa.Column("buyer_id", sa.Text, nullable=False, index=True),
        sa.Column("listing_code", sa.Text, nullable=False, index=True),
        sa.Column("terms", JSONB, nullable=False),
        sa.Column("valid_from", INSTANT, nullable=False),
        sa.Column("valid_until", INSTANT, nullable=False),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.UniqueConstraint("scenario_id", "buyer_id", "listing_code"),
        sa.CheckConstraint("valid_from < valid_until", name="period"),
    )


def _create_agreements() -> None:
    op.create_table(
        "agreements",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("buyer_id", sa.Text, nullable=False, index=True),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("listing_code", sa.Text, nullable=False, index=True),
        sa.Column("terms", JSONB, nullable=False),
        sa.Column("agreement_hash", sa.Text, nullable=False),
        sa.Column("agreed_at", INSTANT, nullable=False),
        sa.CheckConstraint("agreement_hash ~ '^[0-9a-f]{64}$'", name="agreement_hash"),
    )


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("buyer_id", sa.Text, nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False),
        sa.Column(
            "listing_code",
            sa.Text,
            sa.ForeignKey("listings.listing_code"),
            nullable=False,
            index=True,
        ),
        sa.Column(
            "version_id", sa.Text, sa.ForeignKey("product_versions.id"), nullable=False, index=True
        ),
        sa.Column("plan_id", sa.Text, sa.ForeignKey("plans.id"), nullable=False, index=True),
        sa.Column("scenario_id", sa.Text, nullable=False),
        sa.Column(
            "agreement_id", sa.Text, sa.ForeignKey("agreements.id"), nullable=False, unique=True
        ),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("licence_id", sa.Text, unique=True),
        sa.Column("due_amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("placed_at", INSTANT, nullable=False),
        sa.Column("activated_at", INSTANT),
        # No trade without a scenario: this buyer's, and for this listing.
        sa.ForeignKeyConstraint(
            ["scenario_id", "buyer_id", "listing_code"],
            [
                "approved_scenarios.scenario_id",
                "approved_scenarios.buyer_id",
                "approved_scenarios.listing_code",
            ],
            name="fk_orders_approved_scenarios",
        ),
        sa.CheckConstraint("buyer_id <> supplier_id", name="two_parties"),
        sa.CheckConstraint("due_amount >= 0", name="due_amount"),
        sa.CheckConstraint("starts_at < ends_at", name="period"),
        sa.CheckConstraint(
            "(state = 'PLACED' AND licence_id IS NULL AND activated_at IS NULL)"
            " OR (state = 'ACTIVE' AND licence_id IS NOT NULL AND activated_at IS NOT NULL)",
            name="state",
        ),
    )
    op.create_index("ix_orders_buyer_id", "orders", ["buyer_id", "id"])
    op.create_index("ix_orders_supplier_id", "orders", ["supplier_id", "id"])
    op.create_index("ix_orders_scenario", "orders", ["scenario_id", "buyer_id", "listing_code"])


def _forbid_orders_without_scenario() -> None:
    # The foreign key proves that the scenario is this buyer's; only a trigger sees the period.
    op.execute(
        """
        CREATE FUNCTION orders_need_a_scenario() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM 1 FROM approved_scenarios
              WHERE scenario_id = NEW.scenario_id AND buyer_id = NEW.buyer_id
                AND listing_code = NEW.listing_code AND ended_at IS NULL
                AND valid_from <= NEW.placed_at AND NEW.placed_at < valid_until
              FOR SHARE;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'no order without an approved scenario in force'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER orders_need_a_scenario BEFORE INSERT ON orders"
        " FOR EACH ROW EXECUTE FUNCTION orders_need_a_scenario()"
    )


def _fix_terms() -> None:
    op.execute(
        """
        CREATE FUNCTION agreements_are_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'an agreement never changes' USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER agreements_are_fixed BEFORE UPDATE OR DELETE ON agreements"
        " FOR EACH ROW EXECUTE FUNCTION agreements_are_fixed()"
    )
    op.execute(
        """
        CREATE FUNCTION orders_are_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND OLD.licence_id IS NULL
               AND (to_jsonb(NEW) - '{state,licence_id,activated_at}'::text[])
                 = (to_jsonb(OLD) - '{state,licence_id,activated_at}'::text[]) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'an order is only activated, once' USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER orders_are_fixed BEFORE UPDATE OR DELETE ON orders"
        " FOR EACH ROW EXECUTE FUNCTION orders_are_fixed()"
    )
