"""A suspension ends with the listing of a version that takes its cause away."""

from alembic import op

revision = "0079_cured_suspensions"
down_revision = "0078_more_filters_of_lists"
branch_labels = None
depends_on = None

BEFORE = "outcome IN ('RESUMED', 'LIFTED', 'REVOKED', 'DELISTED')"
SINCE = "outcome IN ('RESUMED', 'LIFTED', 'CURED', 'REVOKED', 'DELISTED')"


def upgrade() -> None:
    """What a version cures is only what had lapsed or ended, whoever suspended it for that."""
    op.drop_constraint("outcome", "suspensions")
    op.create_check_constraint("outcome", "suspensions", SINCE)
    op.create_check_constraint(
        "cured_by_a_version",
        "suspensions",
        "outcome IS DISTINCT FROM 'CURED' OR (reason_code IN ('EVIDENCE_EXPIRED', 'RIGHTS_ENDED')"
        " AND resumption_proposed_by IS NOT NULL AND resumption_proposed_by <> suspended_by)",
    )


def downgrade() -> None:
    """Ended all the same; the application that ended it stands as who did."""
    op.drop_constraint("cured_by_a_version", "suspensions")
    op.execute("UPDATE suspensions SET outcome = 'LIFTED' WHERE outcome = 'CURED'")
    op.drop_constraint("outcome", "suspensions")
    op.create_check_constraint("outcome", "suspensions", BEFORE)
