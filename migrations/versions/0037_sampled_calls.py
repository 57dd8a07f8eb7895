"""Samples of interfaces: keys instead of rows, sealed until the exchange has called with them."""

from alembic import op

revision = "0037_sampled_calls"
down_revision = "0036_signed_calls"
branch_labels = None
depends_on = None

STEPS = """
ALTER TABLE quality_samples
    ADD COLUMN kind text NOT NULL DEFAULT 'FILE'
        CONSTRAINT ck_quality_samples_kind CHECK (kind IN ('FILE', 'CALLS')),
    ADD COLUMN keys_sealed bytea,
    ADD COLUMN calling_at timestamptz,
    DROP CONSTRAINT ck_quality_samples_state,
    ADD CONSTRAINT ck_quality_samples_state
        CHECK (state IN ('COMMITTED', 'DRAWN', 'REVEALED', 'MEASURED', 'LAPSED')),
    -- Keys may be about persons: they are there as long as they are needed, and sealed.
    ADD CONSTRAINT ck_quality_samples_keys CHECK (
        (keys_sealed IS NOT NULL) = (state = 'REVEALED')
        AND (kind = 'CALLS' OR keys_sealed IS NULL));
DROP INDEX uq_quality_samples_open;
CREATE UNIQUE INDEX uq_quality_samples_open ON quality_samples (version_id)
    WHERE state IN ('COMMITTED', 'DRAWN', 'REVEALED');
DROP INDEX ix_quality_samples_state;
CREATE INDEX ix_quality_samples_state ON quality_samples (state)
    WHERE state IN ('COMMITTED', 'DRAWN', 'REVEALED');
"""
BACK = """
DELETE FROM quality_reports
    WHERE sample_id IN (SELECT id FROM quality_samples WHERE kind = 'CALLS');
DELETE FROM quality_samples WHERE kind = 'CALLS';
DROP INDEX uq_quality_samples_open;
CREATE UNIQUE INDEX uq_quality_samples_open ON quality_samples (version_id)
    WHERE state IN ('COMMITTED', 'DRAWN');
DROP INDEX ix_quality_samples_state;
CREATE INDEX ix_quality_samples_state ON quality_samples (state)
    WHERE state IN ('COMMITTED', 'DRAWN');
ALTER TABLE quality_samples
    DROP CONSTRAINT ck_quality_samples_keys,
    DROP CONSTRAINT ck_quality_samples_state,
    ADD CONSTRAINT ck_quality_samples_state
        CHECK (state IN ('COMMITTED', 'DRAWN', 'MEASURED', 'LAPSED')),
    DROP COLUMN calling_at,
    DROP COLUMN keys_sealed,
    DROP COLUMN kind;
"""


def upgrade() -> None:
    """Let a sample be of keys."""
    op.execute(STEPS)


def downgrade() -> None:
    """Samples are of files only; those of keys go with their reports."""
    op.execute(BACK)
