"""An account that a provider refused makes room for another; it stays on record."""

from alembic import op

revision = "0073_refused_payout_accounts"
down_revision = "0072_approved_payouts"
branch_labels = None
depends_on = None

ONE = "payout_accounts_organisation_id_gateway_key"


def upgrade() -> None:
    """One account of an organisation at a provider, besides those that were refused."""
    op.execute(f"ALTER TABLE payout_accounts DROP CONSTRAINT {ONE}")
    op.execute(
        "CREATE UNIQUE INDEX uq_payout_accounts_not_refused"
        " ON payout_accounts (organisation_id, gateway) WHERE state <> 'failed'"
    )
    op.execute(
        "CREATE INDEX ix_payout_accounts_organisation_id"
        " ON payout_accounts (organisation_id, gateway)"
    )


def downgrade() -> None:
    """Fails where an account was asked for again: two rows would be one too many."""
    op.execute("DROP INDEX ix_payout_accounts_organisation_id")
    op.execute("DROP INDEX uq_payout_accounts_not_refused")
    op.execute(
        f"ALTER TABLE payout_accounts ADD CONSTRAINT {ONE} UNIQUE (organisation_id, gateway)"
    )
