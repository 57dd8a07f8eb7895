"""Money that came to the bank without a known reference, and money in suspense that goes back."""

from alembic import op

from migrations.row_security import exchange_only

revision = "0068_bank_arrivals"
down_revision = "0067_write_offs"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE bank_arrivals (
    bank_reference text PRIMARY KEY CONSTRAINT ck_bank_arrivals_bank_reference
        CHECK (char_length(bank_reference) BETWEEN 1 AND 120),
    amount bigint NOT NULL CONSTRAINT ck_bank_arrivals_amount CHECK (amount > 0),
    currency text NOT NULL,
    arrived_on date NOT NULL,
    line_sealed bytea NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX ix_bank_arrivals_recorded_at ON bank_arrivals (recorded_at, bank_reference);
CREATE TABLE suspense_returns (
    return_id text PRIMARY KEY,
    reference text NOT NULL,
    amount bigint NOT NULL CONSTRAINT ck_suspense_returns_amount CHECK (amount > 0),
    currency text NOT NULL,
    reason text NOT NULL CONSTRAINT ck_suspense_returns_reason
        CHECK (char_length(reason) BETWEEN 1 AND 2000),
    state text NOT NULL CONSTRAINT ck_suspense_returns_state
        CHECK (state IN ('proposed', 'approved', 'returned', 'failed', 'declined')),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    provider_reference text,
    failure_code text,
    ended_at timestamptz,
    CONSTRAINT ck_suspense_returns_decided
        CHECK ((state = 'proposed') = (decided_by IS NULL)
            AND (decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT ck_suspense_returns_two_people
        CHECK (state IN ('proposed', 'declined') OR decided_by <> proposed_by),
    CONSTRAINT ck_suspense_returns_ended
        CHECK ((state IN ('returned', 'failed')) = (ended_at IS NOT NULL)
            AND (state = 'returned') = (provider_reference IS NOT NULL)
            AND (state = 'failed') = (failure_code IS NOT NULL))
);
CREATE UNIQUE INDEX ix_suspense_returns_reference ON suspense_returns (reference)
    WHERE state IN ('proposed', 'approved', 'returned');
"""


def upgrade() -> None:
    """Whose money it may be is the exchange's own matter until somebody's wallet has it."""
    op.execute(TABLES)
    for table in ("bank_arrivals", "suspense_returns"):
        exchange_only(op, table)


def downgrade() -> None:
    """The books keep what was booked."""
    op.execute("DROP TABLE suspense_returns; DROP TABLE bank_arrivals")
