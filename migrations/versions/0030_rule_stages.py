"""Evaluations of the stages behind the review: of scenarios and licences, over the same dossier."""

from alembic import op

revision = "0030_rule_stages"
down_revision = "0029_log_shards"
branch_labels = None
depends_on = None

OWN = (
    "current_setting('counterfoil.reach', true) = 'organisation'"
    " AND supplier_id = current_setting('counterfoil.organisation', true)"
)


def upgrade() -> None:
    """Every evaluation so far was a review's, of its own case."""
    op.execute(
        "ALTER TABLE rule_evaluations ADD COLUMN stage text NOT NULL DEFAULT 'review'"
        " CONSTRAINT ck_rule_evaluations_stage"
        " CHECK (stage IN ('review', 'listing', 'scenario', 'licence'))"
    )
    op.execute("ALTER TABLE rule_evaluations ADD COLUMN subject_id text")
    op.execute("UPDATE rule_evaluations SET subject_id = case_id")
    op.execute("ALTER TABLE rule_evaluations ALTER COLUMN subject_id SET NOT NULL")
    op.execute("ALTER TABLE rule_evaluations ALTER COLUMN stage DROP DEFAULT")
    op.execute(
        "CREATE INDEX ix_rule_evaluations_subject_id_id ON rule_evaluations (subject_id, id)"
    )
    # What a buyer plans is nothing that a supplier reads in its evaluations.
    op.execute("DROP POLICY rule_evaluations_readable ON rule_evaluations")
    op.execute(
        "CREATE POLICY rule_evaluations_readable ON rule_evaluations FOR SELECT USING ("
        f"{OWN} AND stage IN ('review', 'listing'))"
    )


def downgrade() -> None:
    """Drop the later stages' evaluations with the columns that tell them apart."""
    op.execute("DROP POLICY rule_evaluations_readable ON rule_evaluations")
    op.execute(
        f"CREATE POLICY rule_evaluations_readable ON rule_evaluations FOR SELECT USING ({OWN})"
    )
    op.execute("DELETE FROM rule_evaluations WHERE stage NOT IN ('review', 'listing')")
    op.execute("DROP INDEX ix_rule_evaluations_subject_id_id")
    op.execute("ALTER TABLE rule_evaluations DROP COLUMN subject_id")
    op.execute("ALTER TABLE rule_evaluations DROP COLUMN stage")
