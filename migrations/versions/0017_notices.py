"""Notices, webhook endpoints, deliveries and attempts."""

from alembic import op

from migrations.row_security import protect

revision = "0017_notices"
down_revision = "0016_payments"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE notices (
    id text NOT NULL CONSTRAINT pk_notices PRIMARY KEY,
    organisation_id text NOT NULL,
    notice_type text NOT NULL,
    data jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    number bigint CONSTRAINT ck_notices_number CHECK (number >= 1),
    CONSTRAINT uq_notices_organisation_id_number UNIQUE (organisation_id, number)
);
CREATE INDEX ix_notices_recorded_at ON notices (recorded_at);
CREATE INDEX ix_notices_organisation_id ON notices (organisation_id, recorded_at);
CREATE INDEX ix_notices_unnumbered ON notices (id) WHERE number IS NULL;

CREATE TABLE notice_feeds (
    organisation_id text NOT NULL CONSTRAINT pk_notice_feeds PRIMARY KEY,
    last_number bigint NOT NULL CONSTRAINT ck_notice_feeds_last_number CHECK (last_number >= 1)
);

CREATE TABLE webhook_endpoints (
    id text NOT NULL CONSTRAINT pk_webhook_endpoints PRIMARY KEY,
    organisation_id text NOT NULL,
    url text NOT NULL,
    description text NOT NULL,
    notice_types jsonb NOT NULL,
    state text NOT NULL CONSTRAINT ck_webhook_endpoints_state
        CHECK (state IN ('enabled', 'disabled', 'deleted')),
    disabled_reason text,
    disabled_at timestamptz,
    secret_ciphertext bytea,
    secret_made_at timestamptz NOT NULL,
    previous_ciphertext bytea,
    previous_until timestamptz,
    pace text NOT NULL CONSTRAINT ck_webhook_endpoints_pace CHECK (pace IN ('quick', 'slow')),
    failing_since timestamptz,
    last_claimed_at timestamptz,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT ck_webhook_endpoints_off
        CHECK ((state = 'enabled') = (disabled_at IS NULL)),
    CONSTRAINT ck_webhook_endpoints_reason
        CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
    CONSTRAINT ck_webhook_endpoints_secret
        CHECK (secret_ciphertext IS NOT NULL OR state = 'deleted'),
    CONSTRAINT ck_webhook_endpoints_previous
        CHECK ((previous_ciphertext IS NULL) = (previous_until IS NULL))
);
CREATE INDEX ix_webhook_endpoints_organisation_id ON webhook_endpoints (organisation_id, id);

CREATE TABLE webhook_deliveries (
    id text NOT NULL CONSTRAINT pk_webhook_deliveries PRIMARY KEY,
    endpoint_id text NOT NULL CONSTRAINT fk_webhook_deliveries_endpoint_id_webhook_endpoints
        REFERENCES webhook_endpoints (id),
    organisation_id text NOT NULL,
    notice_id text NOT NULL CONSTRAINT fk_webhook_deliveries_notice_id_notices
        REFERENCES notices (id) ON DELETE CASCADE,
    notice_type text NOT NULL,
    state text NOT NULL CONSTRAINT ck_webhook_deliveries_state
        CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts_count bigint NOT NULL,
    attempts_before bigint NOT NULL,
    queued_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    retry_until timestamptz NOT NULL,
    claim text,
    last_outcome text,
    last_status bigint,
    ended_at timestamptz,
    CONSTRAINT uq_webhook_deliveries_endpoint_id_notice_id UNIQUE (endpoint_id, notice_id),
    CONSTRAINT ck_webhook_deliveries_ended CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CONSTRAINT ck_webhook_deliveries_attempts
        CHECK (attempts_before BETWEEN 0 AND attempts_count),
    CONSTRAINT ck_webhook_deliveries_claim CHECK (claim IS NULL OR state = 'waiting')
);
CREATE INDEX ix_webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at)
    WHERE state = 'waiting';
CREATE INDEX ix_webhook_deliveries_retry_until ON webhook_deliveries (retry_until)
    WHERE state = 'waiting';
CREATE INDEX ix_webhook_deliveries_claim ON webhook_deliveries (claim) WHERE claim IS NOT NULL;
CREATE INDEX ix_webhook_deliveries_organisation_id ON webhook_deliveries (organisation_id, id);
CREATE INDEX ix_webhook_deliveries_dead ON webhook_deliveries (id) WHERE state = 'dead';
CREATE INDEX ix_webhook_deliveries_notice_id ON webhook_deliveries (notice_id);

CREATE TABLE webhook_attempts (
    delivery_id text NOT NULL CONSTRAINT fk_webhook_attempts_delivery_id_webhook_deliveries
        REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
    number bigint NOT NULL CONSTRAINT ck_webhook_attempts_number CHECK (number >= 1),
    organisation_id text NOT NULL,
    started_at timestamptz NOT NULL,
    milliseconds bigint NOT NULL,
    outcome text NOT NULL,
    status bigint,
    CONSTRAINT pk_webhook_attempts PRIMARY KEY (delivery_id, number)
);
"""

# What was told stays as it was told; a notice gets its number once, and both go when they are old.
TRIGGERS = """
CREATE FUNCTION notices_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'notices' THEN
        IF OLD.number IS NULL AND to_jsonb(OLD) - 'number' = to_jsonb(NEW) - 'number' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is never changed', TG_TABLE_NAME USING ERRCODE = '42501';
END
$$;
CREATE TRIGGER notices_stay BEFORE UPDATE ON notices
    FOR EACH ROW EXECUTE FUNCTION notices_stay();
CREATE TRIGGER webhook_attempts_stay BEFORE UPDATE ON webhook_attempts
    FOR EACH ROW EXECUTE FUNCTION notices_stay();
"""

OWNED = (
    "notices",
    "notice_feeds",
    "webhook_endpoints",
    "webhook_deliveries",
    "webhook_attempts",
)


def upgrade() -> None:
    """Five tables, each row its organisation's."""
    op.execute(TABLES)
    op.execute(TRIGGERS)
    for table in OWNED:
        protect(op, table, owners=("organisation_id",))


def downgrade() -> None:
    """Nothing remains."""
    for table in reversed(OWNED):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION notices_stay()")
