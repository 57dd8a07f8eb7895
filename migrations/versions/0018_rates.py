"""Rate windows of anything that is limited, limits of keys, purposes of calls, failures."""

from alembic import op

from migrations.row_security import protect

revision = "0018_rates"
down_revision = "0017_notices"
branch_labels = None
depends_on = None

UPGRADE = """
-- A subject is a licence, a key or a supplier's upstream, named with its kind.
ALTER TABLE rate_windows RENAME COLUMN licence_id TO subject;
ALTER TABLE rate_windows ADD COLUMN most bigint NOT NULL DEFAULT 0;

ALTER TABLE api_keys ADD COLUMN calls_per_second bigint
    CONSTRAINT ck_api_keys_calls_per_second CHECK (calls_per_second BETWEEN 1 AND 100000);
ALTER TABLE call_keys ADD COLUMN calls_per_second bigint
    CONSTRAINT ck_call_keys_calls_per_second CHECK (calls_per_second BETWEEN 1 AND 100000);

-- Every purpose that a call may assert: those of the licence's terms and all that are below them.
ALTER TABLE entitlements ADD COLUMN permitted_purposes jsonb;

-- What a supplier sees of its failures: counted, without buyers and without anything of an answer.
CREATE TABLE delivery_failures (
    failure_id text NOT NULL CONSTRAINT pk_delivery_failures PRIMARY KEY,
    supplier_id text NOT NULL,
    listing_code text NOT NULL,
    hour timestamptz NOT NULL CONSTRAINT ck_delivery_failures_hour
        CHECK (date_trunc('hour', hour, 'UTC') = hour),
    kind text NOT NULL,
    calls_count bigint NOT NULL CONSTRAINT ck_delivery_failures_calls_count
        CHECK (calls_count >= 1),
    last_at timestamptz NOT NULL,
    last_detail text NOT NULL CONSTRAINT ck_delivery_failures_last_detail
        CHECK (length(last_detail) <= 200),
    CONSTRAINT uq_delivery_failures_listing_code_hour_kind UNIQUE (listing_code, hour, kind)
);
CREATE INDEX ix_delivery_failures_supplier_id ON delivery_failures (supplier_id, failure_id);
"""
DOWNGRADE = """
DROP TABLE delivery_failures;
ALTER TABLE entitlements DROP COLUMN permitted_purposes;
ALTER TABLE call_keys DROP COLUMN calls_per_second;
ALTER TABLE api_keys DROP COLUMN calls_per_second;
ALTER TABLE rate_windows DROP COLUMN most;
ALTER TABLE rate_windows RENAME COLUMN subject TO licence_id;
"""


def upgrade() -> None:
    """Widen the windows, the keys and the entitlements, and create the table of failures."""
    op.execute(UPGRADE)
    protect(op, "delivery_failures", owners=["supplier_id"])


def downgrade() -> None:
    """Undo it."""
    op.execute(DOWNGRADE)
