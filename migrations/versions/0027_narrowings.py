"""What was taken away from licences after they were issued."""

from alembic import op

from migrations.row_security import protect

revision = "0027_narrowings"
down_revision = "0026_review_stages"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE narrowings (
    id text NOT NULL CONSTRAINT pk_narrowings PRIMARY KEY,
    source text NOT NULL CONSTRAINT ck_narrowings_source CHECK (source IN ('CHAIN', 'SCENARIO')),
    listing_code text NOT NULL,
    version_id text,
    scenario_id text CONSTRAINT fk_narrowings_scenario_id_scenarios REFERENCES scenarios,
    supplier_id text NOT NULL,
    buyer_id text,
    link bigint,
    terms jsonb NOT NULL,
    is_end boolean NOT NULL,
    reason text NOT NULL,
    evidence_hash text CONSTRAINT ck_narrowings_evidence CHECK (evidence_hash ~ '^[0-9a-f]{64}$'),
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    applied_through text NOT NULL,
    is_applied boolean NOT NULL,
    CONSTRAINT ck_narrowings_of_what CHECK (
        (source = 'CHAIN') = (version_id IS NOT NULL AND link IS NOT NULL)
        AND (source = 'SCENARIO') = (scenario_id IS NOT NULL AND buyer_id IS NOT NULL))
);
CREATE INDEX ix_narrowings_version_id ON narrowings (version_id);
CREATE INDEX ix_narrowings_scenario_id ON narrowings (scenario_id);
CREATE INDEX ix_narrowings_listing_code ON narrowings (listing_code, id);
CREATE INDEX ix_narrowings_open ON narrowings (id) WHERE NOT is_applied;
ALTER TABLE licences ADD COLUMN narrowings jsonb NOT NULL DEFAULT '[]';
"""


def upgrade() -> None:
    """Create the table, and the licences' own record of it."""
    op.execute(TABLE)
    protect(op, "narrowings", owners=["supplier_id", "buyer_id"])


def downgrade() -> None:
    """Drop them."""
    op.execute("ALTER TABLE licences DROP COLUMN narrowings")
    op.execute("DROP TABLE narrowings")
