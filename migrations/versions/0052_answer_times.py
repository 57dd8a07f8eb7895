"""How long suppliers' systems take, and how old what they answer is: by listing, day and bucket."""

from alembic import op

from migrations.row_security import protect

revision = "0052_answer_times"
down_revision = "0051_platform_duties"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE answer_times (
    listing_code text NOT NULL,
    day date NOT NULL,
    kind text NOT NULL CONSTRAINT ck_answer_times_kind CHECK (kind IN ('LATENCY_US', 'LAG_S')),
    bucket bigint NOT NULL CONSTRAINT ck_answer_times_bucket CHECK (bucket BETWEEN 0 AND 400),
    supplier_id text NOT NULL,
    answers_count bigint NOT NULL
        CONSTRAINT ck_answer_times_answers_count CHECK (answers_count > 0),
    CONSTRAINT pk_answer_times PRIMARY KEY (listing_code, day, kind, bucket)
);
CREATE INDEX ix_answer_times_day ON answer_times (day);
CREATE TABLE event_times (
    listing_code text NOT NULL,
    day date NOT NULL,
    supplier_id text NOT NULL,
    newest_event_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    updates_count bigint NOT NULL
        CONSTRAINT ck_event_times_updates_count CHECK (updates_count >= 0),
    CONSTRAINT pk_event_times PRIMARY KEY (listing_code, day)
);
CREATE INDEX ix_event_times_day ON event_times (day);
ALTER TABLE live_quality_days
    ADD COLUMN latency jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN lag jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN newest_event_at timestamptz,
    ADD COLUMN seen_at timestamptz,
    ADD COLUMN updates_count bigint NOT NULL DEFAULT 0
        CONSTRAINT ck_live_quality_days_updates_count CHECK (updates_count >= 0);
ALTER TABLE live_quality_standings ADD COLUMN declared jsonb NOT NULL DEFAULT '{}';
"""


def upgrade() -> None:
    """Counts only, for the supplier; what adds up to a day is on the listing's page."""
    op.execute(TABLES)
    protect(op, "answer_times", owners=["supplier_id"])
    protect(op, "event_times", owners=["supplier_id"])


def downgrade() -> None:
    """Answers are not timed."""
    op.execute("DROP TABLE event_times")
    op.execute("DROP TABLE answer_times")
    op.execute("ALTER TABLE live_quality_standings DROP COLUMN declared")
    op.execute(
        "ALTER TABLE live_quality_days DROP COLUMN latency, DROP COLUMN lag,"
        " DROP COLUMN newest_event_at, DROP COLUMN seen_at, DROP COLUMN updates_count"
    )
