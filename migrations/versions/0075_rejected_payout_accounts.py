"""An account that the provider opened and rejected afterwards says so."""

from alembic import op

revision = "0075_rejected_payout_accounts"
down_revision = "0074_returned_payouts"
branch_labels = None
depends_on = None

OPEN = "'onboarding', 'ready'"


def upgrade() -> None:
    """Allow the state; what was rejected before is seen when the provider is next asked."""
    _change_states(f"{OPEN}, 'rejected'")


def downgrade() -> None:
    """Refuses where an account is rejected."""
    _change_states(OPEN)


def _change_states(opened: str) -> None:
    op.execute(
        "ALTER TABLE payout_accounts DROP CONSTRAINT state, DROP CONSTRAINT provider_reference"
    )
    op.execute(
        "ALTER TABLE payout_accounts"
        f" ADD CONSTRAINT state CHECK (state IN ('planned', 'sent', {opened}, 'failed')),"
        " ADD CONSTRAINT provider_reference"
        f" CHECK ((provider_reference IS NOT NULL) = (state IN ({opened})))"
    )
