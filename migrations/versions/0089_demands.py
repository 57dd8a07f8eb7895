"""What buyers look for, whose each demand is, and which custom offers answer it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from migrations.row_security import exchange_only, protect

revision = "0089_demands"
down_revision = "0088_ratings"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Demands, whose each is, and which custom offers answer them."""
    _create_demands()
    protect(op, "demand_buyers", owners=["buyer_id"])
    exchange_only(op, "demands")
    _let_custom_offers_answer()
    _open_demands()
    _keep_demands()


def downgrade() -> None:
    """Custom offers alone; those that answered a demand stay without it."""
    op.execute("DROP POLICY demands_answered ON demands")
    op.execute("DROP POLICY demands_own ON demands")
    op.drop_constraint("fk_custom_offers_demands", "custom_offers")
    op.drop_column("custom_offers", "demand_id")
    op.drop_table("demands")
    op.drop_table("demand_buyers")
    op.execute("DROP FUNCTION demands_stay()")
    op.execute("DROP FUNCTION demand_buyers_stay()")


def _create_demands() -> None:
    # Apart from the demand, which everybody reads: who looks for it is nobody's to know.
    op.create_table(
        "demand_buyers",
        sa.Column("demand_id", sa.Text, primary_key=True),
        sa.Column("buyer_id", sa.Text, nullable=False),
        # What an offer that answers must agree with.
        sa.UniqueConstraint("demand_id", "buyer_id"),
    )
    op.create_index("ix_demand_buyers_buyer_id", "demand_buyers", ["buyer_id", "demand_id"])
    op.create_table(
        "demands",
        sa.Column("id", sa.Text, sa.ForeignKey("demand_buyers.demand_id"), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("sectors", ARRAY(sa.Text), nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("budget_min_amount", sa.BigInteger),
        sa.Column("budget_max_amount", sa.BigInteger),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("closes_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("posted_at", INSTANT, nullable=False),
        sa.Column("edited_at", INSTANT),
        sa.Column("closed_at", INSTANT),
        sa.Column("search", TSVECTOR, nullable=False),
        sa.CheckConstraint("posted_at < closes_at", name="period"),
        sa.CheckConstraint(
            "budget_min_amount >= 0 AND budget_max_amount >= COALESCE(budget_min_amount, 0)",
            name="budget",
        ),
        sa.CheckConstraint(
            "state IN ('OPEN', 'CLOSED') AND (state = 'CLOSED') = (closed_at IS NOT NULL)",
            name="state",
        ),
    )
    is_open = sa.text("state = 'OPEN'")
    op.create_index(
        "ix_demands_closes_at", "demands", ["closes_at", "id"], postgresql_where=is_open
    )


def _let_custom_offers_answer() -> None:
    op.add_column("custom_offers", sa.Column("demand_id", sa.Text))
    op.create_foreign_key(
        "fk_custom_offers_demands",
        "custom_offers",
        "demand_buyers",
        ["demand_id", "buyer_id"],
        ["demand_id", "buyer_id"],
    )
    op.create_index(
        "ix_custom_offers_demand_id",
        "custom_offers",
        ["demand_id", "id"],
        postgresql_where=sa.text("demand_id IS NOT NULL"),
    )


def _open_demands() -> None:
    # The inner rows have policies of their own, so each finds its own alone.
    own = "EXISTS (SELECT FROM demand_buyers b WHERE b.demand_id = demands.id)"
    op.execute(f"CREATE POLICY demands_own ON demands USING ({own}) WITH CHECK ({own})")
    op.execute("CREATE POLICY demands_open ON demands FOR SELECT USING (state = 'OPEN')")
    # Whoever answered goes on reading what it answered.
    op.execute(
        "CREATE POLICY demands_answered ON demands FOR SELECT USING ("
        "EXISTS (SELECT FROM custom_offers o WHERE o.demand_id = demands.id))"
    )


def _keep_demands() -> None:
    op.execute(
        """
        CREATE FUNCTION demands_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND OLD.state = 'OPEN'
               AND (NEW.id, NEW.posted_at) = (OLD.id, OLD.posted_at) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'a demand is only edited while it is open, and closed once'
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION demand_buyers_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'whose a demand is only its posting says'
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    for table in ("demands", "demand_buyers"):
        for name, verbs, each in (
            ("stay", "UPDATE OR DELETE", "ROW"),
            ("not_emptied", "TRUNCATE", "STATEMENT"),
        ):
            op.execute(
                f"CREATE TRIGGER {table}_{name} BEFORE {verbs} ON {table}"
                f" FOR EACH {each} EXECUTE FUNCTION {table}_stay()"
            )
