"""Two people say that a payout came back, as of a withdrawal; a provider says it alone."""

from alembic import op

revision = "0074_returned_payouts"
down_revision = "0073_refused_payout_accounts"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE payouts
    ADD COLUMN return_stated_by text,
    ADD COLUMN return_stated_at timestamptz,
    ADD COLUMN returned_by text,
    ADD CONSTRAINT ck_payouts_return_stated
        CHECK ((return_stated_by IS NULL) = (return_stated_at IS NULL)
            AND (return_stated_by IS NULL OR paid_at IS NOT NULL)),
    ADD CONSTRAINT ck_payouts_two_say_returned
        CHECK (returned_by IS NULL
            OR (return_stated_by IS NOT NULL AND return_stated_by <> returned_by));
"""


def upgrade() -> None:
    """What came back before was said by one person, and stays so."""
    op.execute(COLUMNS)


def downgrade() -> None:
    """Who said it is lost; what was booked stays."""
    for column in ("returned_by", "return_stated_at", "return_stated_by"):
        op.execute(f"ALTER TABLE payouts DROP COLUMN {column}")
