"""Find the lease that a run of calls is paid out of by its key, however many its wallet has open.

A plan made while the tables were small took the index of a wallet's open leases, and kept it: each
lane of a commit then read every open lease of its buyer. A comparison that no index serves leaves
the primary key as the only way.
"""

from alembic import op

from migrations.batch_booking_sql import JOURNAL_POST_CALLS

revision = "0039_runs_by_lease"
down_revision = "0038_catalogue_facets"
branch_labels = None
depends_on = None

_BEFORE = "w.organisation_id = moved.organisation_id AND w.currency = moved.currency"
_AFTER = (
    "w.organisation_id IS NOT DISTINCT FROM moved.organisation_id\n"
    "            AND w.currency IS NOT DISTINCT FROM moved.currency"
)
_REPLACING = JOURNAL_POST_CALLS.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


def upgrade() -> None:
    """Compare owner and currency of the lease that its key found."""
    assert _BEFORE in _REPLACING
    op.execute(_REPLACING.replace(_BEFORE, _AFTER))


def downgrade() -> None:
    """Compare as before."""
    op.execute(_REPLACING)
