"""What lapses when, and which reminders were given."""

from alembic import op

from migrations.row_security import protect

revision = "0031_lapses"
down_revision = "0030_rule_stages"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE lapses (
    id text NOT NULL CONSTRAINT pk_lapses PRIMARY KEY,
    organisation_id text NOT NULL,
    subject_id text NOT NULL,
    listing_code text,
    kind text NOT NULL,
    name text NOT NULL,
    lapses_at timestamptz NOT NULL,
    effective_at timestamptz NOT NULL,
    consequence text NOT NULL
        CONSTRAINT ck_lapses_consequence CHECK (consequence IN ('SUSPEND', 'END', 'NONE')),
    reminded_days bigint,
    sort_key text NOT NULL CONSTRAINT uq_lapses_sort_key UNIQUE,
    noted_at timestamptz NOT NULL,
    CONSTRAINT ck_lapses_grace CHECK (effective_at >= lapses_at)
);
CREATE INDEX ix_lapses_organisation_id ON lapses (organisation_id, sort_key);
CREATE INDEX ix_lapses_subject_id ON lapses (subject_id);
CREATE INDEX ix_lapses_due ON lapses (lapses_at, id)
    WHERE reminded_days IS NULL OR reminded_days > 0;
"""

# What is there already: verifications, uses and licences. Documents of a listing are noted with
# its next version; until then its standing knows when they stop carrying it.
NOTE = """
INSERT INTO lapses (id, organisation_id, subject_id, listing_code, kind, name, lapses_at,
                    effective_at, consequence, sort_key, noted_at)
SELECT 'lap_' || subject_id, organisation_id, subject_id, listing_code, kind, name, lapses_at,
    lapses_at, consequence,
    to_char(lapses_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '/lap_' || subject_id,
    now()
FROM (
    SELECT organisation_id, organisation_id AS subject_id, NULL AS listing_code,
        'VERIFICATION' AS kind, 'identity' AS name, verified_until AS lapses_at,
        'SUSPEND' AS consequence
    FROM compliance_parties
    UNION ALL
    SELECT buyer_id, id, listing_code, 'SCENARIO', content->>'purpose', valid_until, 'END'
    FROM scenarios WHERE state = 'ACTIVE'
    UNION ALL
    SELECT buyer_id, id, listing_code, 'LICENCE', order_id, ends_at, 'END'
    FROM licences WHERE state = 'ACTIVE'
) AS found
"""


def upgrade() -> None:
    """Create the table and note what is there."""
    op.execute(TABLE)
    op.execute("SELECT set_config('counterfoil.reach', 'exchange', true)")
    op.execute(NOTE)
    protect(op, "lapses", owners=["organisation_id"])


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE lapses")
