"""Samples that suppliers commit to, and the reports on them; no row of anybody is stored."""

from alembic import op

from migrations.row_security import protect

revision = "0034_quality"
down_revision = "0033_erasures"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE quality_samples (
    id text NOT NULL CONSTRAINT pk_quality_samples PRIMARY KEY,
    case_id text NOT NULL
        CONSTRAINT fk_quality_samples_case_id_review_cases REFERENCES review_cases (id),
    version_id text NOT NULL,
    supplier_id text NOT NULL,
    listing_code text NOT NULL,
    attempt bigint NOT NULL CONSTRAINT ck_quality_samples_attempt CHECK (attempt > 0),
    rows_root text NOT NULL
        CONSTRAINT ck_quality_samples_rows_root CHECK (rows_root ~ '^[0-9a-f]{64}$'),
    row_total bigint NOT NULL CONSTRAINT ck_quality_samples_row_total CHECK (row_total > 0),
    declaration jsonb NOT NULL,
    declaration_hash text NOT NULL,
    state text NOT NULL CONSTRAINT ck_quality_samples_state
        CHECK (state IN ('COMMITTED', 'DRAWN', 'MEASURED', 'LAPSED')),
    committed_at timestamptz NOT NULL,
    drawn_from jsonb,
    drawn_at timestamptz,
    drawn_indexes bigint[],
    CONSTRAINT uq_quality_samples_version_id UNIQUE (version_id, attempt),
    -- Nothing is measured that was not drawn.
    CONSTRAINT ck_quality_samples_drawn CHECK (
        (state = 'COMMITTED') = (drawn_from IS NULL)
        AND (drawn_from IS NULL) = (drawn_at IS NULL)
        AND (drawn_from IS NULL) = (drawn_indexes IS NULL))
);
CREATE UNIQUE INDEX uq_quality_samples_open ON quality_samples (version_id)
    WHERE state IN ('COMMITTED', 'DRAWN');
CREATE INDEX ix_quality_samples_supplier_id ON quality_samples (supplier_id, id);
CREATE INDEX ix_quality_samples_state ON quality_samples (state)
    WHERE state IN ('COMMITTED', 'DRAWN');
CREATE INDEX ix_quality_samples_case_id ON quality_samples (case_id);
CREATE TABLE quality_reports (
    id text NOT NULL CONSTRAINT pk_quality_reports PRIMARY KEY,
    sample_id text NOT NULL
        CONSTRAINT fk_quality_reports_sample_id_quality_samples REFERENCES quality_samples (id)
        CONSTRAINT uq_quality_reports_sample_id UNIQUE,
    version_id text NOT NULL,
    supplier_id text NOT NULL,
    listing_code text NOT NULL,
    grade text CONSTRAINT ck_quality_reports_grade CHECK (grade IN ('A', 'B', 'C', 'D')),
    document jsonb NOT NULL,
    document_hash text NOT NULL,
    reported_at timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    is_public boolean NOT NULL
);
CREATE INDEX ix_quality_reports_version_id ON quality_reports (version_id, id);
CREATE INDEX ix_quality_reports_listing_code ON quality_reports (listing_code, id);
CREATE INDEX ix_quality_reports_supplier_id ON quality_reports (supplier_id, id);
"""


def upgrade() -> None:
    """Create both; a report is for everybody once its version is in the catalogue."""
    op.execute(TABLES)
    protect(op, "quality_samples", owners=["supplier_id"])
    protect(op, "quality_reports", owners=["supplier_id"], public="is_public")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE quality_reports")
    op.execute("DROP TABLE quality_samples")
