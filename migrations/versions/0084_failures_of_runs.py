"""A run of invoices or settlements names what it could not make, and goes on."""

from alembic import op

revision = "0084_failures_of_runs"
down_revision = "0083_facts_stay"
branch_labels = None
depends_on = None

TABLES = ("billing_runs", "settlement_runs")
FAILURES = """
ALTER TABLE {table}
    ADD COLUMN failed_count bigint NOT NULL DEFAULT 0,
    ADD COLUMN failures jsonb NOT NULL DEFAULT '[]',
    ADD CONSTRAINT ck_{table}_failures
        CHECK (jsonb_array_length(failures) = least(failed_count, 100))
"""


def upgrade() -> None:
    """None of those so far failed at anything: they stopped."""
    for table in TABLES:
        op.execute(FAILURES.format(table=table))
    op.execute(
        "ALTER TABLE billing_runs ADD COLUMN retry_at timestamptz,"
        " ADD CONSTRAINT ck_billing_runs_finished CHECK (finished_at IS NULL"
        " OR (retry_at IS NULL AND failed_count = 0))"
    )


def downgrade() -> None:
    """An open run then stops at what it cannot make."""
    op.execute("ALTER TABLE billing_runs DROP COLUMN retry_at")
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} DROP COLUMN failures, DROP COLUMN failed_count")
