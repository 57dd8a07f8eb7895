"""Money that came by bank transfer goes back to its buyer's bank."""

from alembic import op

from migrations.row_security import protect
from migrations.settlement_sql import PAYOUT_STATE

revision = "0064_withdrawals"
down_revision = "0063_returned_periods"
branch_labels = None
depends_on = None

TABLE = f"""
CREATE TABLE withdrawals (
    withdrawal_id text PRIMARY KEY,
    organisation_id text NOT NULL,
    amount bigint NOT NULL CONSTRAINT ck_withdrawals_amount
        CHECK (amount > 0 AND amount % 1000000 = 0),
    currency text NOT NULL,
    bank_account_id text NOT NULL REFERENCES bank_accounts,
    state text NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    approved_by text,
    approved_at timestamptz,
    sent_by text,
    sent_at timestamptz,
    provider_reference text,
    paid_at timestamptz,
    failed_at timestamptz,
    failure_code text,
    cancelled_by text,
    cancelled_at timestamptz,
    CONSTRAINT ck_withdrawals_two_people
        CHECK (requested_by <> approved_by AND approved_by <> sent_by),
    CONSTRAINT ck_withdrawals_state CHECK ({PAYOUT_STATE})
);
CREATE INDEX ix_withdrawals_organisation_id ON withdrawals (organisation_id, withdrawal_id);
CREATE INDEX ix_withdrawals_bank_account_id ON withdrawals (bank_account_id);
"""


def upgrade() -> None:
    """The states are those of a payout; the owner asks, the exchange does the rest."""
    op.execute(TABLE)
    protect(op, "withdrawals", owners=["organisation_id"])


def downgrade() -> None:
    """The books keep what was booked."""
    op.execute("DROP TABLE withdrawals")
