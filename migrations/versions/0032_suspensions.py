"""Suspensions with their people, delisting under notice, revocation by panel, appeals."""

import sqlalchemy as sa
from alembic import op

from migrations.row_security import exchange_only

revision = "0032_suspensions"
down_revision = "0031_lapses"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
OLD_STATES = "state IN ('LISTED', 'SUSPENDED', 'DELISTED', 'REVOKED')"
NEW_STATES = "state IN ('LISTED', 'SUSPENDED', 'DELISTING', 'DELISTED', 'REVOKED')"


def upgrade() -> None:
    """Add them; a suspension in force becomes a row of its own."""
    op.add_column("listing_standings", sa.Column("suspension_scope", sa.Text))
    op.add_column("listing_standings", sa.Column("delists_at", INSTANT))
    op.drop_constraint("state", "listing_standings")
    op.create_check_constraint("state", "listing_standings", NEW_STATES)
    op.execute(
        "UPDATE listing_standings SET suspension_scope = 'ALL_CALLS' WHERE state = 'SUSPENDED'"
    )
    op.create_check_constraint(
        "suspension_has_a_scope",
        "listing_standings",
        "state <> 'SUSPENDED' OR suspension_scope IN ('NEW_ORDERS', 'ALL_CALLS')",
    )
    op.create_check_constraint(
        "delisting_has_a_day", "listing_standings", "state <> 'DELISTING' OR delists_at IS NOT NULL"
    )
    _create_suspensions()
    _create_revocations()
    _create_appeals()
    op.execute(
        "INSERT INTO suspensions (id, listing_code, supplier_id, scope, reason_code, suspended_by,"
        " suspended_at) SELECT 'sus_' || listing_code, listing_code, supplier_id, 'ALL_CALLS',"
        " reason_code, suspended_by, changed_at FROM listing_standings WHERE state = 'SUSPENDED'"
    )


def _readable_by_supplier(table: str) -> None:
    exchange_only(op, table)
    op.execute(
        f"CREATE POLICY {table}_readable ON {table} FOR SELECT USING ("
        "current_setting('counterfoil.reach', true) = 'organisation'"
        " AND supplier_id = current_setting('counterfoil.organisation', true))"
    )


def _create_suspensions() -> None:
    op.create_table(
        "suspensions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("listing_code", sa.Text, nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("reason_code", sa.Text, nullable=False),
        sa.Column("suspended_by", sa.Text, nullable=False),
        sa.Column("suspended_at", INSTANT, nullable=False),
        sa.Column("ratify_until", INSTANT),
        sa.Column("ratified_by", sa.Text),
        sa.Column("ratified_at", INSTANT),
        sa.Column("escalated_at", INSTANT),
        sa.Column("resumption_proposed_by", sa.Text),
        sa.Column("resumption_proposed_at", INSTANT),
        sa.Column("outcome", sa.Text),
        sa.Column("ended_by", sa.Text),
        sa.Column("ended_at", INSTANT),
        sa.CheckConstraint("scope IN ('NEW_ORDERS', 'ALL_CALLS')", name="scope"),
        sa.CheckConstraint(
            "outcome IN ('RESUMED', 'LIFTED', 'REVOKED', 'DELISTED')", name="outcome"
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (outcome IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)",
            name="end_has_an_outcome",
        ),
        sa.CheckConstraint("ratified_by <> suspended_by", name="ratified_by_another"),
        sa.CheckConstraint(
            "resumption_proposed_by <> suspended_by", name="resumption_proposed_by_another"
        ),
        sa.CheckConstraint(
            "outcome IS DISTINCT FROM 'RESUMED' OR (resumption_proposed_by IS NOT NULL"
            " AND resumption_proposed_by <> ended_by AND ended_by <> suspended_by)",
            name="resumed_by_two",
        ),
    )
    op.create_index(
        "uq_suspensions_in_force",
        "suspensions",
        ["listing_code"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_suspensions_ratify_until", "suspensions", ["ratify_until"])
    exchange_only(op, "suspensions")


def _create_revocations() -> None:
    op.create_table(
        "revocations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("listing_code", sa.Text, nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("review_cases.id"), nullable=False),
        sa.Column("panel_id", sa.Text),
        sa.Column("reason_code", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("reason_salt", sa.Text, nullable=False),
        sa.Column("reason_hash", sa.Text, nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("proposed_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("decided_at", INSTANT),
        sa.CheckConstraint("state IN ('OPEN', 'CARRIED', 'FAILED')", name="state"),
        sa.CheckConstraint("(state = 'OPEN') = (decided_at IS NULL)", name="decided"),
    )
    op.create_index(
        "uq_revocations_open",
        "revocations",
        ["listing_code"],
        unique=True,
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    exchange_only(op, "revocations")


def _create_appeals() -> None:
    op.create_table(
        "appeals",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("subject_kind", sa.Text, nullable=False),
        # Once: a decision is never appealed a second time.
        sa.Column("subject_id", sa.Text, nullable=False, unique=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("review_cases.id"), nullable=False),
        sa.Column("product_id", sa.Text, nullable=False, index=True),
        sa.Column("version_id", sa.Text, nullable=False),
        sa.Column("listing_code", sa.Text, nullable=False, index=True),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("panel_id", sa.Text),
        sa.Column("ground", sa.Text, nullable=False),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("filed_by", sa.Text, nullable=False),
        sa.Column("filed_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("decided_at", INSTANT),
        sa.CheckConstraint(
            "subject_kind IN ('REJECTION', 'SUSPENSION', 'REVOCATION')", name="subject_kind"
        ),
        sa.CheckConstraint("ground IN ('NEW_FACTS', 'PROCEDURE_ERROR')", name="ground"),
        sa.CheckConstraint("state IN ('OPEN', 'UPHELD', 'DISMISSED')", name="state"),
        sa.CheckConstraint(
            "(state = 'OPEN') = (decided_at IS NULL) AND (state = 'OPEN') = (reason IS NULL)",
            name="decision_has_a_reason",
        ),
    )
    _readable_by_supplier("appeals")


def downgrade() -> None:
    """Drop them; a listing under notice is delisted."""
    for table in ("appeals", "revocations", "suspensions"):
        op.drop_table(table)
    for name in ("delisting_has_a_day", "suspension_has_a_scope", "state"):
        op.drop_constraint(name, "listing_standings")
    op.execute("UPDATE listing_standings SET state = 'DELISTED' WHERE state = 'DELISTING'")
    op.create_check_constraint("state", "listing_standings", OLD_STATES)
    op.drop_column("listing_standings", "delists_at")
    op.drop_column("listing_standings", "suspension_scope")
