"""Requests to erase details of calls, which two people agree to."""

from alembic import op

from migrations.row_security import exchange_only

revision = "0033_erasures"
down_revision = "0032_suspensions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the requests; only the exchange sees who asked for what."""
    op.execute(
        """
        CREATE TABLE erasures (
            erasure_id text NOT NULL CONSTRAINT pk_erasures PRIMARY KEY,
            licence_id text NOT NULL,
            until_at timestamptz NOT NULL,
            reason_code text NOT NULL,
            state text NOT NULL CONSTRAINT ck_erasures_state
                CHECK (state IN ('proposed', 'approved', 'done')),
            calls_count bigint NOT NULL CONSTRAINT ck_erasures_calls_count CHECK (calls_count >= 0),
            proposed_by text NOT NULL,
            proposed_at timestamptz NOT NULL,
            approved_by text,
            approved_at timestamptz,
            done_at timestamptz,
            CONSTRAINT ck_erasures_two_people CHECK (
                state = 'proposed' AND approved_by IS NULL
                OR state <> 'proposed' AND approved_by IS NOT NULL AND approved_by <> proposed_by
            ),
            CONSTRAINT ck_erasures_done CHECK ((state = 'done') = (done_at IS NOT NULL))
        );
        CREATE INDEX ix_erasures_due ON erasures (erasure_id) WHERE state = 'approved';
        """
    )
    exchange_only(op, "erasures")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE erasures")
