"""What listings deliver, counted by day, and whether it has drifted; no call of anybody is here."""

from alembic import op

from migrations.row_security import exchange_only, protect

revision = "0035_live_quality"
down_revision = "0034_quality"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE live_quality_days (
    listing_code text NOT NULL,
    day date NOT NULL,
    supplier_id text NOT NULL,
    answered_count bigint NOT NULL,
    hit_count bigint NOT NULL,
    mismatch_count bigint NOT NULL,
    failed_count bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pk_live_quality_days PRIMARY KEY (listing_code, day),
    CONSTRAINT ck_live_quality_days_counts CHECK (
        answered_count >= hit_count AND hit_count >= 0
        AND mismatch_count >= 0 AND failed_count >= 0)
);
CREATE TABLE live_quality_standings (
    listing_code text NOT NULL CONSTRAINT pk_live_quality_standings PRIMARY KEY,
    supplier_id text NOT NULL,
    drifts text[] NOT NULL,
    drifted_at timestamptz,
    report_id text,
    checked_at timestamptz NOT NULL,
    CONSTRAINT ck_live_quality_standings_drifted
        CHECK ((drifted_at IS NULL) = (drifts = ARRAY[]::text[]))
);
CREATE TABLE live_quality_cursors (
    lane_id text NOT NULL CONSTRAINT pk_live_quality_cursors PRIMARY KEY,
    counted_n bigint NOT NULL CONSTRAINT ck_live_quality_cursors_counted_n CHECK (counted_n >= 0)
);
CREATE INDEX ix_delivery_failures_hour ON delivery_failures (hour);
"""


def upgrade() -> None:
    """Create them; what a listing delivers is on its page, for everybody."""
    op.execute(TABLES)
    protect(op, "live_quality_days", owners=["supplier_id"], public="true")
    protect(op, "live_quality_standings", owners=["supplier_id"], public="true")
    exchange_only(op, "live_quality_cursors")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP INDEX ix_delivery_failures_hour")
    for table in ("live_quality_cursors", "live_quality_standings", "live_quality_days"):
        op.execute(f"DROP TABLE {table}")
