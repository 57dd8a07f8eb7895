"""Where a subscription ends whose buyer does not want another period."""

from alembic import op

revision = "0070_renewals"
down_revision = "0069_orders_scenario_end"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every subscription goes on until somebody says otherwise."""
    op.execute(
        "ALTER TABLE entitlements ADD COLUMN renewal_ends_at timestamptz,"
        " ADD COLUMN renewal_ended_by text, ADD CONSTRAINT ck_entitlements_renewal"
        " CHECK ((renewal_ends_at IS NULL) = (renewal_ended_by IS NULL))"
    )
    op.execute(
        "CREATE INDEX ix_entitlements_renewal_ends_at ON entitlements (renewal_ends_at)"
        " WHERE renewal_ends_at IS NOT NULL AND state = 'active'"
    )


def downgrade() -> None:
    """What was not to go on goes on."""
    op.execute("ALTER TABLE entitlements DROP COLUMN renewal_ends_at, DROP COLUMN renewal_ended_by")
