"""A proposed erasure is declined, by another operator or by whoever proposed it."""

from alembic import op

revision = "0086_declined_erasures"
down_revision = "0085_prices_by_currency"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Declining takes one person and is final; agreeing takes another than who proposed."""
    op.execute(
        """
        ALTER TABLE erasures
            ADD COLUMN declined_by text,
            ADD COLUMN declined_at timestamptz,
            DROP CONSTRAINT ck_erasures_state,
            DROP CONSTRAINT ck_erasures_two_people,
            ADD CONSTRAINT ck_erasures_state
                CHECK (state IN ('proposed', 'approved', 'done', 'declined')),
            ADD CONSTRAINT ck_erasures_two_people CHECK (
                state IN ('proposed', 'declined') AND approved_by IS NULL
                OR state IN ('approved', 'done') AND approved_by IS NOT NULL
                    AND approved_by <> proposed_by
            ),
            ADD CONSTRAINT ck_erasures_declined CHECK (
                (state = 'declined') = (declined_by IS NOT NULL)
                AND (declined_by IS NULL) = (declined_at IS NULL)
            );
        """
    )


def downgrade() -> None:
    """What was declined goes, so that nobody agrees to it; the log keeps that it was."""
    op.execute(
        """
        DELETE FROM erasures WHERE state = 'declined';
        ALTER TABLE erasures
            DROP CONSTRAINT ck_erasures_declined,
            DROP CONSTRAINT ck_erasures_two_people,
            DROP CONSTRAINT ck_erasures_state,
            DROP COLUMN declined_by,
            DROP COLUMN declined_at,
            ADD CONSTRAINT ck_erasures_state CHECK (state IN ('proposed', 'approved', 'done')),
            ADD CONSTRAINT ck_erasures_two_people CHECK (
                state = 'proposed' AND approved_by IS NULL
                OR state <> 'proposed' AND approved_by IS NOT NULL AND approved_by <> proposed_by
            );
        """
    )
