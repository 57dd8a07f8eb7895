"""Two people say that a withdrawal came back; a statement's line is known by what was sent."""

from alembic import op

revision = "0071_returned_withdrawals"
down_revision = "0070_renewals"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE withdrawals
    ADD COLUMN return_stated_by text,
    ADD COLUMN return_stated_at timestamptz,
    ADD COLUMN returned_by text,
    ADD CONSTRAINT ck_withdrawals_return_stated
        CHECK ((return_stated_by IS NULL) = (return_stated_at IS NULL)
            AND (return_stated_by IS NULL OR paid_at IS NOT NULL)),
    ADD CONSTRAINT ck_withdrawals_two_say_returned
        CHECK (returned_by IS NULL
            OR (return_stated_by IS NOT NULL AND return_stated_by <> returned_by));
"""
# A reference is the end of the id; this is how a line of the bank's statement finds it.
INDEXES = """
CREATE INDEX ix_withdrawals_reference ON withdrawals (upper(right(withdrawal_id, 16)));
CREATE INDEX ix_payouts_reference ON payouts (upper(right(payout_id, 16)));
"""


def upgrade() -> None:
    """What came back before was said by one person, and stays so."""
    op.execute(COLUMNS)
    op.execute(INDEXES)


def downgrade() -> None:
    """Who said it is lost; what was booked stays."""
    op.execute("DROP INDEX ix_payouts_reference; DROP INDEX ix_withdrawals_reference")
    for column in ("returned_by", "return_stated_at", "return_stated_by"):
        op.execute(f"ALTER TABLE withdrawals DROP COLUMN {column}")
