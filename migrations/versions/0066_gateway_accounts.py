"""An account of its own for the money at each further payment provider."""

from alembic import op

from migrations.settlement_sql import KINDS

revision = "0066_gateway_accounts"
down_revision = "0065_suspense_assignments"
branch_labels = None
depends_on = None

WITH_GATEWAYS = (
    f"{KINDS} OR (organisation_id = 'exchange' AND kind ~ '^gateway:[a-z][a-z_]{{1,30}}$')"
)


def upgrade() -> None:
    """Allow the kind; the accounts that are there keep theirs."""
    _change_kinds(WITH_GATEWAYS)


def downgrade() -> None:
    """Refuses where a further provider's money is in the books."""
    _change_kinds(KINDS)


def _change_kinds(check: str) -> None:
    op.execute("ALTER TABLE journal_accounts DROP CONSTRAINT kind")
    op.execute(f"ALTER TABLE journal_accounts ADD CONSTRAINT kind CHECK ({check})")
