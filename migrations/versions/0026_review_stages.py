"""The whole review: intake, supplements, panels, registrations and listing applications."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.row_security import exchange_only, open_to_all, protect

revision = "0026_review_stages"
down_revision = "0025_consents"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
PEOPLE = ARRAY(sa.Text)

OLD_STAGES = "'PRECHECK', 'REVIEW', 'SECOND', 'APPROVED', 'RETURNED', 'REJECTED'"
NEW_STAGES = f"{OLD_STAGES}, 'INTAKE', 'SUPPLEMENT', 'PANEL', 'SUPPLEMENTED', 'EXPIRED'"
OLD_OPEN = "stage IN ('PRECHECK', 'REVIEW', 'SECOND')"
NEW_OPEN = "stage IN ('PRECHECK', 'INTAKE', 'SUPPLEMENT', 'REVIEW', 'SECOND', 'PANEL')"
BOTH_APPROVED = (
    "first_reviewer_id IS NOT NULL AND second_reviewer_id IS NOT NULL"
    " AND first_approved_hash IS NOT DISTINCT FROM dossier_hash"
    " AND second_approved_hash IS NOT DISTINCT FROM dossier_hash"
)
OLD_APPROVALS = f"stage <> 'APPROVED' OR ({BOTH_APPROVED})"
NEW_APPROVALS = (
    f"stage <> 'APPROVED' OR (NOT needs_panel AND {BOTH_APPROVED}) OR (needs_panel"
    " AND panel_approved_hash IS NOT DISTINCT FROM dossier_hash AND cardinality(approved_by) >= 2)"
)
ROLES = "'owner', 'supplier', 'buyer', 'reviewer', 'listing_officer', 'risk_officer', 'operator'"
STAFF_ROLES = "'auditor', 'intake_officer', 'panel_member', 'appeal_member'"


def upgrade() -> None:
    """Add what the whole review needs; what was approved before is registered."""
    _widen_roles()
    _widen_cases()
    _create_policies()
    _create_panels()
    _create_seats()
    _create_registrations()
    _create_objections()
    _create_applications()
    _register_what_was_approved()


def _widen_roles() -> None:
    op.drop_constraint("role_grants_role_check", "role_grants")
    op.create_check_constraint(
        "role_grants_role_check", "role_grants", f"role IN ({ROLES}, {STAFF_ROLES})"
    )


def _widen_cases() -> None:
    for column in (
        sa.Column("admitted_by", sa.Text),
        sa.Column("approved_by", PEOPLE, nullable=False, server_default="{}"),
        sa.Column("excluded_ids", PEOPLE, nullable=False, server_default="{}"),
        sa.Column("needs_panel", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("panel_approved_hash", sa.Text),
        sa.Column("supplement_round", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("is_for_listing", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("risk_factors", JSONB, nullable=False, server_default="{}"),
        sa.Column("due_at", INSTANT),
        sa.Column("escalated_at", INSTANT),
    ):
        op.add_column("review_cases", column)
    op.execute(
        "UPDATE review_cases SET approved_by = ARRAY[first_reviewer_id, second_reviewer_id]"
        " WHERE stage = 'APPROVED'"
    )
    _replace_checks(NEW_STAGES, NEW_OPEN, NEW_APPROVALS)
    op.create_check_constraint(
        "nobody_excluded",
        "review_cases",
        "coalesce(first_reviewer_id, '') <> ALL(excluded_ids)"
        " AND coalesce(second_reviewer_id, '') <> ALL(excluded_ids)",
    )
    op.create_check_constraint(
        "admitted_by_another",
        "review_cases",
        "admitted_by <> first_reviewer_id AND admitted_by <> second_reviewer_id",
    )
    op.create_index("ix_review_cases_due_at", "review_cases", ["due_at"])
    op.drop_constraint("stage", "review_decisions")
    op.create_check_constraint(
        "stage", "review_decisions", "stage IN ('INTAKE', 'REVIEW', 'SECOND')"
    )


def _replace_checks(stages: str, open_stages: str, approvals: str) -> None:
    for name, condition in (("stage", f"stage IN ({stages})"), ("two_approvals", approvals)):
        op.drop_constraint(name, "review_cases")
        op.create_check_constraint(name, "review_cases", condition)
    op.drop_index("uq_review_cases_one_open", "review_cases")
    op.create_index(
        "uq_review_cases_one_open",
        "review_cases",
        ["version_id"],
        unique=True,
        postgresql_where=sa.text(open_stages),
    )


def _create_policies() -> None:
    op.create_table(
        "review_policies",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("effective_from", INSTANT, nullable=False, index=True),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("policy_hash", sa.Text, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("set_at", INSTANT, nullable=False),
        sa.CheckConstraint("effective_from >= set_at", name="not_in_the_past"),
    )
    # By which deadlines and majorities everybody is judged is public, as the rules are.
    open_to_all(op, "review_policies")


def _create_panels() -> None:
    op.create_table(
        "panels",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False, unique=True),
        sa.Column("case_id", sa.Text, sa.ForeignKey("review_cases.id"), nullable=False, index=True),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("quorum", sa.BigInteger, nullable=False),
        sa.Column("needs_two_thirds", sa.Boolean, nullable=False),
        sa.Column("excluded_ids", PEOPLE, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("in_favour_count", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("against_count", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("escalated_at", INSTANT),
        sa.Column("concluded_at", INSTANT),
        # Seats repeat who is excluded, so that the database refuses one who was involved.
        sa.UniqueConstraint("id", "excluded_ids"),
        sa.CheckConstraint("kind IN ('CASE', 'REVOCATION', 'APPEAL')", name="kind"),
        sa.CheckConstraint("state IN ('OPEN', 'CARRIED', 'FAILED')", name="state"),
        sa.CheckConstraint("size >= 3 AND size % 2 = 1", name="odd_size"),
        sa.CheckConstraint("quorum BETWEEN 3 AND size AND quorum % 2 = 1", name="odd_quorum"),
        sa.CheckConstraint("in_favour_count + against_count <= size", name="one_vote_a_seat"),
        sa.CheckConstraint(
            "state = 'OPEN' OR (in_favour_count + against_count >= quorum"
            " AND (in_favour_count + against_count) % 2 = 1 AND concluded_at IS NOT NULL)",
            name="quorum_was_met",
        ),
        sa.CheckConstraint(
            "state <> 'CARRIED' OR (in_favour_count > against_count AND (NOT needs_two_thirds"
            " OR 3 * in_favour_count >= 2 * (in_favour_count + against_count)))",
            name="majority",
        ),
    )
    exchange_only(op, "panels")


def _create_seats() -> None:
    op.create_table(
        "panel_seats",
        sa.Column("panel_id", sa.Text, primary_key=True),
        sa.Column("member_id", sa.Text, primary_key=True),
        sa.Column("case_id", sa.Text, nullable=False),
        sa.Column("excluded_ids", PEOPLE, nullable=False),
        sa.Column("has_conflict", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("in_favour", sa.Boolean),
        sa.Column("reason", sa.Text),
        sa.Column("reason_salt", sa.Text),
        sa.Column("reason_hash", sa.Text),
        sa.Column("seated_at", INSTANT, nullable=False),
        sa.Column("voted_at", INSTANT),
        sa.ForeignKeyConstraint(
            ["panel_id", "excluded_ids"], ["panels.id", "panels.excluded_ids"], name="panel"
        ),
        sa.ForeignKeyConstraint(
            ["case_id", "member_id", "has_conflict"],
            [
                "conflict_declarations.case_id",
                "conflict_declarations.reviewer_id",
                "conflict_declarations.is_conflicted",
            ],
            name="declared",
        ),
        sa.CheckConstraint("NOT has_conflict", name="no_conflict"),
        sa.CheckConstraint("member_id <> ALL(excluded_ids)", name="nobody_involved"),
        sa.CheckConstraint(
            "(in_favour IS NULL) = (reason_hash IS NULL) AND (in_favour IS NULL) = (reason IS NULL)"
            " AND (in_favour IS NULL) = (voted_at IS NULL)",
            name="vote_has_a_reason",
        ),
    )
    exchange_only(op, "panel_seats")


def _create_registrations() -> None:
    op.create_table(
        "registrations",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "case_id", sa.Text, sa.ForeignKey("review_cases.id"), nullable=False, unique=True
        ),
        sa.Column("product_id", sa.Text, nullable=False, index=True),
        sa.Column("version_id", sa.Text, nullable=False, index=True),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("listing_code", sa.Text, nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("dossier_hash", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("is_for_listing", sa.Boolean, nullable=False),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("publicity_ends_at", INSTANT, nullable=False),
        sa.Column("final_at", INSTANT),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.CheckConstraint(
            "state IN ('REGISTERED', 'OBJECTION', 'REGISTERED_FINAL', 'CANCELLED')", name="state"
        ),
        sa.CheckConstraint(
            "state <> 'REGISTERED_FINAL' OR final_at >= publicity_ends_at", name="publicity_ended"
        ),
    )
    op.create_index(
        "ix_registrations_publicity_ends_at",
        "registrations",
        ["publicity_ends_at"],
        postgresql_where=sa.text("state = 'REGISTERED'"),
    )
    # Publicity is what registrations are for; who approved them stands in the case.
    open_to_all(op, "registrations")


def _create_objections() -> None:
    op.create_table(
        "objections",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("registration_id", sa.Text, sa.ForeignKey("registrations.id"), nullable=False),
        sa.Column("objector_id", sa.Text, nullable=False),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("raised_by", sa.Text, nullable=False),
        sa.Column("statement", sa.Text, nullable=False),
        sa.Column("excluded_ids", PEOPLE, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("raised_at", INSTANT, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("reason_salt", sa.Text),
        sa.Column("reason_hash", sa.Text),
        sa.Column("decided_at", INSTANT),
        sa.UniqueConstraint("registration_id", "objector_id"),
        sa.CheckConstraint("state IN ('RAISED', 'UPHELD', 'DISMISSED')", name="state"),
        sa.CheckConstraint("objector_id <> supplier_id", name="of_another"),
        sa.CheckConstraint("decided_by <> ALL(excluded_ids)", name="nobody_involved"),
        sa.CheckConstraint(
            "(state = 'RAISED') = (decided_by IS NULL) AND (state = 'RAISED') = (reason IS NULL)",
            name="decision_has_a_reason",
        ),
    )
    op.create_index("ix_objections_objector_id", "objections", ["objector_id"])
    protect(op, "objections", owners=["objector_id", "supplier_id"])


def _create_applications() -> None:
    op.create_table(
        "listing_applications",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column(
            "registration_id",
            sa.Text,
            sa.ForeignKey("registrations.id"),
            nullable=False,
            unique=True,
        ),
        sa.Column("case_id", sa.Text, sa.ForeignKey("review_cases.id"), nullable=False, index=True),
        sa.Column("listing_code", sa.Text, nullable=False, index=True),
        sa.Column("version_id", sa.Text, nullable=False, index=True),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("excluded_ids", PEOPLE, nullable=False),
        sa.Column("has_conflict", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("applied_at", INSTANT, nullable=False),
        sa.Column("due_at", INSTANT, nullable=False),
        sa.Column("escalated_at", INSTANT),
        sa.Column("officer_id", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("reason_salt", sa.Text),
        sa.Column("reason_hash", sa.Text),
        sa.Column("decided_at", INSTANT),
        sa.ForeignKeyConstraint(
            ["case_id", "officer_id", "has_conflict"],
            [
                "conflict_declarations.case_id",
                "conflict_declarations.reviewer_id",
                "conflict_declarations.is_conflicted",
            ],
            name="declared",
        ),
        sa.CheckConstraint("state IN ('LISTING_REVIEW', 'LISTED', 'REFUSED')", name="state"),
        sa.CheckConstraint("NOT has_conflict", name="no_conflict"),
        sa.CheckConstraint("cardinality(excluded_ids) >= 2", name="two_approved"),
        sa.CheckConstraint("officer_id <> ALL(excluded_ids)", name="a_third_person"),
        sa.CheckConstraint(
            "(state = 'LISTING_REVIEW') = (officer_id IS NULL)"
            " AND (state = 'LISTING_REVIEW') = (reason IS NULL)",
            name="decision_has_a_reason",
        ),
    )
    op.create_index("ix_listing_applications_state_id", "listing_applications", ["state", "id"])
    exchange_only(op, "listing_applications")


def _register_what_was_approved() -> None:
    op.execute(
        "INSERT INTO registrations SELECT 'reg_' || split_part(c.id, '_', 2), c.id, c.product_id,"
        " c.version_id, c.supplier_id, c.listing_code, coalesce(c.dossier->>'name', ''),"
        " c.dossier_hash, 'REGISTERED_FINAL', true, c.decided_at, c.decided_at, c.decided_at,"
        " c.decided_at FROM review_cases c WHERE c.stage = 'APPROVED'"
    )


def downgrade() -> None:
    """Drop it again; cases at a stage that did not exist before come back to their supplier."""
    for table in (
        "listing_applications",
        "objections",
        "registrations",
        "panel_seats",
        "panels",
        "review_policies",
    ):
        op.drop_table(table)
    op.execute("DELETE FROM review_decisions WHERE stage = 'INTAKE'")
    op.drop_constraint("stage", "review_decisions")
    op.create_check_constraint("stage", "review_decisions", "stage IN ('REVIEW', 'SECOND')")
    op.execute(
        "UPDATE review_cases SET stage = 'RETURNED' WHERE stage IN"
        " ('INTAKE', 'SUPPLEMENT', 'PANEL', 'SUPPLEMENTED', 'EXPIRED')"
    )
    op.drop_index("ix_review_cases_due_at", "review_cases")
    for name in ("admitted_by_another", "nobody_excluded"):
        op.drop_constraint(name, "review_cases")
    op.execute(
        "UPDATE review_cases SET stage = 'RETURNED' WHERE stage = 'APPROVED' AND needs_panel"
    )
    _replace_checks(OLD_STAGES, OLD_OPEN, OLD_APPROVALS)
    for name in (
        "admitted_by",
        "approved_by",
        "excluded_ids",
        "needs_panel",
        "panel_approved_hash",
        "supplement_round",
        "is_for_listing",
        "risk_factors",
        "due_at",
        "escalated_at",
    ):
        op.drop_column("review_cases", name)
    op.execute(
        "DELETE FROM role_grants WHERE role IN ('intake_officer', 'panel_member', 'appeal_member')"
    )
    op.drop_constraint("role_grants_role_check", "role_grants")
    op.create_check_constraint(
        "role_grants_role_check", "role_grants", f"role IN ({ROLES}, 'auditor')"
    )
