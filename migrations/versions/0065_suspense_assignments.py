"""Whose money it was that arrived unexplained."""

from alembic import op

from migrations.row_security import exchange_only

revision = "0065_suspense_assignments"
down_revision = "0064_withdrawals"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE suspense_assignments (
    assignment_id text PRIMARY KEY,
    reference text NOT NULL,
    organisation_id text NOT NULL,
    amount bigint NOT NULL CONSTRAINT ck_suspense_assignments_amount CHECK (amount > 0),
    currency text NOT NULL,
    reason text NOT NULL CONSTRAINT ck_suspense_assignments_reason
        CHECK (char_length(reason) BETWEEN 1 AND 2000),
    state text NOT NULL CONSTRAINT ck_suspense_assignments_state
        CHECK (state IN ('proposed', 'approved', 'declined')),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    CONSTRAINT ck_suspense_assignments_decided
        CHECK ((state = 'proposed') = (decided_by IS NULL)
            AND (decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT ck_suspense_assignments_two_people
        CHECK (state <> 'approved' OR decided_by <> proposed_by)
);
CREATE UNIQUE INDEX ix_suspense_assignments_reference ON suspense_assignments (reference)
    WHERE state <> 'declined';
CREATE INDEX ix_suspense_assignments_organisation_id
    ON suspense_assignments (organisation_id, assignment_id);
"""


def upgrade() -> None:
    """Why the exchange's people think whose it is stays theirs; the wallet shows the money."""
    op.execute(TABLE)
    exchange_only(op, "suspense_assignments")


def downgrade() -> None:
    """The books keep what was booked."""
    op.execute("DROP TABLE suspense_assignments")
