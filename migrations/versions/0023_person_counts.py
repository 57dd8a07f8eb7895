"""Records of persons delivered, by licence and calendar year, and how far lanes are counted."""

from alembic import op

from migrations.row_security import exchange_only

revision = "0023_person_counts"
down_revision = "0022_statement_trees"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE person_counts (
    licence_id text NOT NULL
        CONSTRAINT fk_person_counts_licence_id_licences REFERENCES licences (id),
    year bigint NOT NULL CONSTRAINT ck_person_counts_year CHECK (year BETWEEN 2020 AND 2200),
    supplier_id text NOT NULL,
    buyer_id text NOT NULL,
    listing_code text NOT NULL,
    version_id text NOT NULL,
    pi_level text NOT NULL,
    categories text[] NOT NULL,
    threshold_count bigint NOT NULL
        CONSTRAINT ck_person_counts_threshold_count CHECK (threshold_count > 0),
    is_exported boolean NOT NULL,
    calls_count bigint NOT NULL CONSTRAINT ck_person_counts_calls_count CHECK (calls_count > 0),
    -- Each delivered call concerns a person at least, and each record one at most.
    records_count bigint NOT NULL
        CONSTRAINT ck_person_counts_records_count CHECK (records_count >= calls_count),
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_person_counts PRIMARY KEY (licence_id, year)
);
CREATE INDEX ix_person_counts_supplier_id ON person_counts (supplier_id, year);
CREATE INDEX ix_person_counts_buyer_id ON person_counts (buyer_id, year);
CREATE TABLE person_count_cursors (
    lane_id text NOT NULL CONSTRAINT pk_person_count_cursors PRIMARY KEY,
    licence_id text NOT NULL
        CONSTRAINT fk_person_count_cursors_licence_id_licences REFERENCES licences (id),
    counted_n bigint NOT NULL CONSTRAINT ck_person_count_cursors_counted_n CHECK (counted_n >= 0)
);
CREATE INDEX ix_person_count_cursors_licence_id ON person_count_cursors (licence_id);
"""


def upgrade() -> None:
    """Create both; the worker counts the calls of before from their beginning."""
    op.execute(TABLES)
    for table in ("person_counts", "person_count_cursors"):
        exchange_only(op, table)
    # A supplier has to know its own totals for what it declares when data leave the country.
    op.execute(
        "CREATE POLICY person_counts_readable ON person_counts FOR SELECT USING ("
        "current_setting('counterfoil.reach', true) = 'organisation'"
        " AND supplier_id = current_setting('counterfoil.organisation', true))"
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE person_count_cursors")
    op.execute("DROP TABLE person_counts")
