"""How listings stand, scenarios, licences."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.row_security import open_to_all, protect

revision = "0006_licences"
down_revision = "0005_compliance"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the three tables."""
    _create_standings()
    _create_scenarios()
    _create_licences()


def _create_standings() -> None:
    op.create_table(
        "listing_standings",
        sa.Column("listing_code", sa.Text, primary_key=True),
        sa.Column("version_id", sa.Text, nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("dossier_hash", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("product_terms", JSONB, nullable=False),
        sa.Column("evidence_lapses_at", INSTANT),
        sa.Column("noted_at", INSTANT, nullable=False),
        sa.Column("suspended_by", sa.Text),
        sa.Column("reason_code", sa.Text),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint("state IN ('LISTED', 'SUSPENDED', 'DELISTED', 'REVOKED')", name="state"),
        sa.CheckConstraint(
            "state <> 'SUSPENDED' OR (suspended_by IS NOT NULL AND reason_code IS NOT NULL)",
            name="suspension_has_a_reason",
        ),
    )
    op.create_index(
        "ix_listing_standings_lapsing",
        "listing_standings",
        ["evidence_lapses_at"],
        postgresql_where=sa.text("state = 'LISTED'"),
    )
    # What is listed, by whom and under which terms is the catalogue: public.
    open_to_all(op, "listing_standings")


def _create_scenarios() -> None:
    op.create_table(
        "scenarios",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("buyer_id", sa.Text, nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False),
        sa.Column("listing_code", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("content", JSONB, nullable=False),
        sa.Column("scenario_hash", sa.Text, nullable=False),
        sa.Column("terms", JSONB),
        sa.Column("valid_from", INSTANT),
        sa.Column("valid_until", INSTANT),
        sa.Column("submitted_by", sa.Text, nullable=False),
        sa.Column("submitted_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", INSTANT),
        sa.Column("reason", sa.Text),
        sa.Column("withdrawn_at", INSTANT),
        sa.CheckConstraint(
            "state IN ('SUBMITTED', 'ACTIVE', 'REFUSED', 'WITHDRAWN')", name="state"
        ),
        sa.CheckConstraint("buyer_id <> supplier_id", name="two_parties"),
        sa.CheckConstraint(
            "state <> 'ACTIVE' OR (terms IS NOT NULL AND decided_by IS NOT NULL"
            " AND decided_by <> submitted_by AND valid_from IS NOT NULL"
            " AND valid_until IS NOT NULL AND valid_from < valid_until)",
            name="approval_is_whole",
        ),
    )
    op.create_index("ix_scenarios_buyer_id_id", "scenarios", ["buyer_id", "id"])
    op.create_index("ix_scenarios_state_id", "scenarios", ["state", "id"])
    op.create_index("ix_scenarios_listing_code", "scenarios", ["listing_code"])
    protect(op, "scenarios", owners=["buyer_id"])


def _create_licences() -> None:
    op.create_table(
        "licences",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("order_id", sa.Text, nullable=False, unique=True),
        sa.Column("agreement_id", sa.Text, nullable=False),
        sa.Column("agreement_hash", sa.Text, nullable=False),
        sa.Column("buyer_id", sa.Text, nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False),
        sa.Column("listing_code", sa.Text, nullable=False),
        sa.Column("version_id", sa.Text, nullable=False),
        sa.Column("dossier_hash", sa.Text, nullable=False),
        sa.Column("scenario_id", sa.Text, sa.ForeignKey("scenarios.id"), nullable=False),
        sa.Column("terms", JSONB, nullable=False),
        sa.Column("terms_hash", sa.Text, nullable=False),
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("plan_hash", sa.Text, nullable=False),
        sa.Column("plan_terms", JSONB, nullable=False),
        sa.Column("split", JSONB, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT),
        sa.Column("ended_by", sa.Text),
        sa.Column("reason_code", sa.Text),
        sa.CheckConstraint("state IN ('ACTIVE', 'REVOKED', 'ENDED')", name="state"),
        sa.CheckConstraint("starts_at < ends_at", name="period"),
        sa.CheckConstraint("buyer_id <> supplier_id", name="two_parties"),
        sa.CheckConstraint(
            "state = 'ACTIVE' OR (ended_at IS NOT NULL AND ended_by IS NOT NULL"
            " AND reason_code IS NOT NULL)",
            name="end_has_a_reason",
        ),
    )
    op.create_index("ix_licences_buyer_id_id", "licences", ["buyer_id", "id"])
    op.create_index("ix_licences_supplier_id_id", "licences", ["supplier_id", "id"])
    for column in ("listing_code", "scenario_id", "ends_at"):
        op.create_index(
            f"ix_licences_active_{column}",
            "licences",
            [column],
            postgresql_where=sa.text("state = 'ACTIVE'"),
        )
    op.create_index("ix_licences_scenario_id", "licences", ["scenario_id"])
    protect(op, "licences", owners=["buyer_id", "supplier_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("licences")
    op.drop_table("scenarios")
    op.drop_table("listing_standings")
