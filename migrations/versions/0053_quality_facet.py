"""The grade of the report in force beside each listing, to filter the catalogue by."""

from alembic import op

revision = "0053_quality_facet"
down_revision = "0052_answer_times"
branch_labels = None
depends_on = None

FILL = """
UPDATE listings l SET quality_grade = r.grade, quality_valid_until = r.valid_until
FROM (SELECT DISTINCT ON (listing_code) listing_code, grade, valid_until FROM quality_reports
    WHERE is_public ORDER BY listing_code, id DESC) r
WHERE r.listing_code = l.listing_code
"""


def upgrade() -> None:
    """Fill it from the reports that are public."""
    op.execute(
        "ALTER TABLE listings ADD COLUMN quality_valid_until timestamptz, ADD COLUMN quality_grade"
        " text CONSTRAINT ck_listings_quality_grade CHECK (quality_grade IN ('A', 'B', 'C', 'D'))"
    )
    op.execute("SELECT set_config('counterfoil.reach', 'exchange', true)")
    op.execute(FILL)


def downgrade() -> None:
    """The reports keep what they say."""
    op.execute("ALTER TABLE listings DROP COLUMN quality_grade, DROP COLUMN quality_valid_until")
