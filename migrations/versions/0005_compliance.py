"""Review cases: parties, rule sets, evaluations, declarations, answers and decisions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.row_security import exchange_only, open_to_all

revision = "0005_compliance"
down_revision = "0004_orders"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def _readable_by(table: str, owner: str) -> None:
    # The organisation concerned reads its own rows; only the exchange's own code writes them.
    exchange_only(op, table)
    op.execute(
        f"CREATE POLICY {table}_readable ON {table} FOR SELECT USING ("
        "current_setting('counterfoil.reach', true) = 'organisation'"
        f" AND {owner} = current_setting('counterfoil.organisation', true))"
    )


def upgrade() -> None:
    """Create the review's tables."""
    _create_parties()
    _create_rule_sets()
    _create_cases()
    _create_evaluations()
    _create_declarations()
    _create_answers()
    _create_decisions()


def _create_parties() -> None:
    op.create_table(
        "compliance_parties",
        sa.Column("organisation_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("uscc", sa.Text, nullable=False),
        sa.Column("is_supplier", sa.Boolean, nullable=False),
        sa.Column("is_buyer", sa.Boolean, nullable=False),
        sa.Column("verified_until", INSTANT, nullable=False, index=True),
    )
    _readable_by("compliance_parties", "organisation_id")


def _create_rule_sets() -> None:
    op.create_table(
        "rule_sets",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("held_at", INSTANT, nullable=False),
    )
    # The rules are public: everybody may know by what they are judged.
    open_to_all(op, "rule_sets")


def _create_cases() -> None:
    op.create_table(
        "review_cases",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("version_id", sa.Text, nullable=False),
        sa.Column("product_id", sa.Text, nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False),
        sa.Column("listing_code", sa.Text, nullable=False, index=True),
        sa.Column("round", sa.BigInteger, nullable=False),
        sa.Column("dossier", JSONB, nullable=False),
        sa.Column("dossier_hash", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("risk_score", sa.BigInteger, nullable=False),
        sa.Column("risk_level", sa.Text, nullable=False),
        sa.Column("rule_set_hash", sa.Text, sa.ForeignKey("rule_sets.hash"), nullable=False),
        sa.Column("probe", JSONB),
        sa.Column("findings", JSONB, nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("stage_since_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT),
        sa.Column("first_reviewer_id", sa.Text),
        sa.Column("first_approved_hash", sa.Text),
        sa.Column("second_reviewer_id", sa.Text),
        sa.Column("second_approved_hash", sa.Text),
        # Always false: with the foreign keys below no reviewer of a case can have declared a
        # conflict without the row that says so being refused.
        sa.Column("has_conflict", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.UniqueConstraint("version_id", "round"),
        sa.CheckConstraint(
            "stage IN ('PRECHECK', 'REVIEW', 'SECOND', 'APPROVED', 'RETURNED', 'REJECTED')",
            name="stage",
        ),
        sa.CheckConstraint("severity IN ('BLOCK', 'REVIEW', 'INFO')", name="severity"),
        sa.CheckConstraint("risk_level IN ('LOW', 'MEDIUM', 'HIGH')", name="risk_level"),
        sa.CheckConstraint("round > 0", name="round"),
        sa.CheckConstraint("NOT has_conflict", name="no_conflict"),
        sa.CheckConstraint("first_reviewer_id <> second_reviewer_id", name="two_persons"),
        sa.CheckConstraint(
            "stage <> 'APPROVED' OR ("
            "first_reviewer_id IS NOT NULL AND second_reviewer_id IS NOT NULL"
            " AND first_approved_hash IS NOT DISTINCT FROM dossier_hash"
            " AND second_approved_hash IS NOT DISTINCT FROM dossier_hash)",
            name="two_approvals",
        ),
    )
    op.create_index("ix_review_cases_supplier_id_id", "review_cases", ["supplier_id", "id"])
    op.create_index("ix_review_cases_stage_id", "review_cases", ["stage", "id"])
    op.create_index("ix_review_cases_rule_set_hash", "review_cases", ["rule_set_hash"])
    op.create_index(
        "uq_review_cases_one_open",
        "review_cases",
        ["version_id"],
        unique=True,
        postgresql_where=sa.text("stage IN ('PRECHECK', 'REVIEW', 'SECOND')"),
    )
    _readable_by("review_cases", "supplier_id")


def _create_evaluations() -> None:
    op.create_table(
        "rule_evaluations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("review_cases.id"), nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("rule_set_hash", sa.Text, sa.ForeignKey("rule_sets.hash"), nullable=False),
        sa.Column("input_hash", sa.Text, nullable=False),
        sa.Column("circumstances", JSONB, nullable=False),
        sa.Column("outcomes", JSONB, nullable=False),
        sa.Column("evaluated_at", INSTANT, nullable=False),
    )
    op.create_index("ix_rule_evaluations_case_id_id", "rule_evaluations", ["case_id", "id"])
    op.create_index("ix_rule_evaluations_rule_set_hash", "rule_evaluations", ["rule_set_hash"])
    _readable_by("rule_evaluations", "supplier_id")


def _create_declarations() -> None:
    op.create_table(
        "conflict_declarations",
        sa.Column("case_id", sa.Text, sa.ForeignKey("review_cases.id"), primary_key=True),
        sa.Column("reviewer_id", sa.Text, primary_key=True),
        sa.Column("is_conflicted", sa.Boolean, primary_key=True),
        sa.Column("reviewer_organisation_id", sa.Text, nullable=False),
        sa.Column("answers", JSONB, nullable=False),
        sa.Column("conflicts", JSONB, nullable=False),
        sa.Column("declared_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "is_conflicted = (jsonb_array_length(conflicts) > 0)", name="conflict_is_named"
        ),
    )
    # Who reviews is the exchange's own matter: suppliers must not learn whom to approach.
    exchange_only(op, "conflict_declarations")
    for which in ("first", "second"):
        op.create_foreign_key(
            f"fk_review_cases_{which}_declared",
            "review_cases",
            "conflict_declarations",
            ["id", f"{which}_reviewer_id", "has_conflict"],
            ["case_id", "reviewer_id", "is_conflicted"],
        )


def _create_answers() -> None:
    op.create_table(
        "item_answers",
        sa.Column("case_id", sa.Text, sa.ForeignKey("review_cases.id"), primary_key=True),
        sa.Column("rule_id", sa.Text, primary_key=True),
        sa.Column("reviewer_id", sa.Text, primary_key=True),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("answered_at", INSTANT, nullable=False),
        sa.CheckConstraint("outcome IN ('PASS', 'FAIL', 'NOT_APPLICABLE')", name="outcome"),
        sa.CheckConstraint("reason <> ''", name="reason"),
    )
    exchange_only(op, "item_answers")


def _create_decisions() -> None:
    op.create_table(
        "review_decisions",
        sa.Column("case_id", sa.Text, sa.ForeignKey("review_cases.id"), primary_key=True),
        sa.Column("stage", sa.Text, primary_key=True),
        sa.Column("reviewer_id", sa.Text, nullable=False),
        sa.Column("decision", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        # Reasons are short words that could be guessed from a bare hash on the public log.
        sa.Column("reason_salt", sa.Text, nullable=False),
        sa.Column("reason_hash", sa.Text, nullable=False),
        sa.Column("dossier_hash", sa.Text, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=False),
        # One person decides a case once, at one of its two stages.
        sa.UniqueConstraint("case_id", "reviewer_id"),
        sa.CheckConstraint("stage IN ('REVIEW', 'SECOND')", name="stage"),
        sa.CheckConstraint("decision IN ('approve', 'return', 'reject')", name="decision"),
        sa.CheckConstraint("reason <> ''", name="reason"),
    )
    exchange_only(op, "review_decisions")


def downgrade() -> None:
    """Drop them, the references between cases and declarations first."""
    for which in ("first", "second"):
        op.drop_constraint(f"fk_review_cases_{which}_declared", "review_cases")
    for table in (
        "review_decisions",
        "item_answers",
        "conflict_declarations",
        "rule_evaluations",
        "review_cases",
        "rule_sets",
        "compliance_parties",
    ):
        op.drop_table(table)
