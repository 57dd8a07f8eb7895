"""More to filter the catalogue by: industries, modalities, classes of data, delivery grade."""

from alembic import op

revision = "0038_catalogue_facets"
down_revision = "0037_sampled_calls"
branch_labels = None
depends_on = None

COLUMNS = """
ALTER TABLE listings
    ADD COLUMN industries text[] NOT NULL DEFAULT '{}',
    ADD COLUMN modalities text[] NOT NULL DEFAULT '{}',
    ADD COLUMN data_classes text[] NOT NULL DEFAULT '{}',
    ADD COLUMN delivery_grade text;
"""
FILL = """
UPDATE listings l SET
    industries = ARRAY(SELECT jsonb_array_elements_text(coalesce(v.content->'industries', '[]'))),
    modalities = ARRAY(SELECT jsonb_array_elements_text(coalesce(v.content->'modalities', '[]'))),
    data_classes =
        ARRAY(SELECT jsonb_array_elements_text(coalesce(v.content->'data_classes', '[]'))),
    delivery_grade = v.content->>'delivery_grade'
FROM product_versions v WHERE v.id = l.version_id
"""
DROP = """
ALTER TABLE listings
    DROP COLUMN industries, DROP COLUMN modalities, DROP COLUMN data_classes,
    DROP COLUMN delivery_grade;
"""


def upgrade() -> None:
    """Add the columns and fill them from the versions that are listed."""
    op.execute(COLUMNS)
    op.execute("SELECT set_config('counterfoil.reach', 'exchange', true)")
    op.execute(FILL)


def downgrade() -> None:
    """Drop them; the versions keep what they say."""
    op.execute(DROP)
