"""Refused and failed calls are a list to page through: each row gets an id, the latest last."""

from alembic import op

revision = "0056_unserved_calls"
down_revision = "0055_scenario_deadlines"
branch_labels = None
depends_on = None

# Before every id with a time in it; among themselves in the order of their hours.
FILL = """
UPDATE denial_counts d SET denial_id = 'dnl_' || lpad(o.place::text, 26, '0')
FROM (SELECT licence_id, slug, hour, row_number() OVER (ORDER BY hour, licence_id, slug) AS place
    FROM denial_counts) o
WHERE o.licence_id = d.licence_id AND o.slug = d.slug AND o.hour = d.hour
"""


def upgrade() -> None:
    """An id for what is there, and for whatever comes."""
    op.execute("ALTER TABLE denial_counts ADD COLUMN denial_id text")
    op.execute("SELECT set_config('counterfoil.reach', 'exchange', true)")
    op.execute(FILL)
    op.execute(
        "ALTER TABLE denial_counts ALTER COLUMN denial_id SET NOT NULL,"
        " ADD CONSTRAINT uq_denial_counts_denial_id UNIQUE (denial_id)"
    )
    op.execute("CREATE INDEX ix_denial_counts_buyer_id ON denial_counts (buyer_id, denial_id)")
    op.execute("CREATE INDEX ix_denial_counts_hour ON denial_counts (hour)")


def downgrade() -> None:
    """Counts without ids."""
    op.execute("DROP INDEX ix_denial_counts_hour")
    op.execute("DROP INDEX ix_denial_counts_buyer_id")
    op.execute("ALTER TABLE denial_counts DROP COLUMN denial_id")
