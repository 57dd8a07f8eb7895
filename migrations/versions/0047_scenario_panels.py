"""Uses that only a panel approves, and what whoever decides a use declared before."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.row_security import exchange_only

revision = "0047_scenario_panels"
down_revision = "0046_transfers"
branch_labels = None
depends_on = None

OLD_STATES = "state IN ('SUBMITTED', 'SECOND', 'ACTIVE', 'REFUSED', 'WITHDRAWN')"
NEW_STATES = "state IN ('SUBMITTED', 'SECOND', 'PANEL', 'ACTIVE', 'REFUSED', 'WITHDRAWN')"
OLD_KINDS = "kind IN ('CASE', 'REVOCATION', 'APPEAL')"
NEW_KINDS = "kind IN ('CASE', 'REVOCATION', 'APPEAL', 'SCENARIO')"
OLD_ENDS = "state IN ('OPEN', 'CARRIED', 'FAILED')"
NEW_ENDS = "state IN ('OPEN', 'CARRIED', 'FAILED', 'DISSOLVED')"
QUORUM = (
    "(in_favour_count + against_count >= quorum"
    " AND (in_favour_count + against_count) % 2 = 1 AND concluded_at IS NOT NULL)"
)
OLD_QUORUM = f"state = 'OPEN' OR {QUORUM}"
NEW_QUORUM = f"state = 'OPEN' OR (state = 'DISSOLVED' AND concluded_at IS NOT NULL) OR {QUORUM}"
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """What was decided so far was decided without a declaration, and stays so marked."""
    for column in (
        sa.Column("needs_panel", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("risk_table", sa.BigInteger),
        sa.Column("panel_id", sa.Text, sa.ForeignKey("panels.id")),
        sa.Column("asks_declarations", sa.Boolean, nullable=False, server_default=sa.true()),
    ):
        op.add_column("scenarios", column)
    op.execute(
        "UPDATE scenarios SET asks_declarations = false"
        " WHERE decided_at IS NOT NULL OR first_approved_by IS NOT NULL"
    )
    op.execute("UPDATE scenarios SET risk_table = 1 WHERE risk_score IS NOT NULL")
    _show_what_weighs_a_use()
    _replace_check("scenarios", "state", NEW_STATES)
    op.create_check_constraint(
        "panel_where_it_takes_one",
        "scenarios",
        "state NOT IN ('PANEL', 'ACTIVE') OR NOT needs_panel OR (first_approved_by IS NOT NULL"
        " AND panel_id IS NOT NULL)",
    )
    op.create_check_constraint(
        "a_panel_decides", "scenarios", "state <> 'ACTIVE' OR NOT needs_panel"
        " OR decided_by IS NOT DISTINCT FROM panel_id"
    )  # fmt: skip
    _create_declarations()
    _open_panels_to_scenarios()


def _show_what_weighs_a_use() -> None:
    """A buyer's request sees no review case: what weighs a use is kept where everybody reads."""
    op.add_column(
        "listing_standings", sa.Column("use_facts", JSONB, nullable=False, server_default="{}")
    )
    op.execute(
        "UPDATE listing_standings s SET use_facts = jsonb_build_object("
        "'pi_level', c.dossier->'pi_level', 'grade', c.dossier->'grade',"
        " 'scenario_templates', coalesce(c.dossier->'scenario_templates', '[]'))"
        " FROM review_cases c WHERE c.version_id = s.version_id"
        " AND c.dossier_hash = s.dossier_hash AND c.stage = 'APPROVED'"
    )


def _create_declarations() -> None:
    op.create_table(
        "scenario_declarations",
        sa.Column("scenario_id", sa.Text, sa.ForeignKey("scenarios.id"), primary_key=True),
        sa.Column("reviewer_id", sa.Text, primary_key=True),
        sa.Column("is_conflicted", sa.Boolean, primary_key=True),
        sa.Column("reviewer_organisation_id", sa.Text, nullable=False),
        sa.Column("answers", JSONB, nullable=False),
        sa.Column("conflicts", JSONB, nullable=False),
        sa.Column("declared_at", INSTANT, nullable=False),
    )
    exchange_only(op, "scenario_declarations")


def _open_panels_to_scenarios() -> None:
    _replace_check("panels", "kind", NEW_KINDS)
    _replace_check("panels", "state", NEW_ENDS)
    _replace_check("panels", "quorum_was_met", NEW_QUORUM)
    op.alter_column("panels", "case_id", nullable=True)
    op.create_check_constraint(
        "case_unless_a_use", "panels", "(kind = 'SCENARIO') = (case_id IS NULL)"
    )
    op.alter_column("panel_seats", "case_id", nullable=True)
    op.add_column("panel_seats", sa.Column("scenario_id", sa.Text))
    op.create_check_constraint(
        "declared_somewhere", "panel_seats", "(case_id IS NULL) <> (scenario_id IS NULL)"
    )
    op.create_foreign_key(
        "declared_on_the_use",
        "panel_seats",
        "scenario_declarations",
        ["scenario_id", "member_id", "has_conflict"],
        ["scenario_id", "reviewer_id", "is_conflicted"],
    )


def _replace_check(table: str, name: str, condition: str) -> None:
    op.drop_constraint(name, table)
    op.create_check_constraint(name, table, condition)


def downgrade() -> None:
    """A use that a panel decided or was to decide has nowhere to go back to; refuse it."""
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM panels WHERE kind = 'SCENARIO' OR state = 'DISSOLVED')"
        " THEN RAISE EXCEPTION 'panels over declared uses cannot be taken back'; END IF; END $$"
    )
    op.drop_constraint("declared_on_the_use", "panel_seats")
    op.drop_constraint("declared_somewhere", "panel_seats")
    op.drop_column("panel_seats", "scenario_id")
    op.alter_column("panel_seats", "case_id", nullable=False)
    op.drop_constraint("case_unless_a_use", "panels")
    op.alter_column("panels", "case_id", nullable=False)
    _replace_check("panels", "quorum_was_met", OLD_QUORUM)
    _replace_check("panels", "state", OLD_ENDS)
    _replace_check("panels", "kind", OLD_KINDS)
    op.drop_table("scenario_declarations")
    op.drop_constraint("a_panel_decides", "scenarios")
    op.drop_constraint("panel_where_it_takes_one", "scenarios")
    _replace_check("scenarios", "state", OLD_STATES)
    op.drop_column("listing_standings", "use_facts")
    for column in ("asks_declarations", "panel_id", "risk_table", "needs_panel"):
        op.drop_column("scenarios", column)
