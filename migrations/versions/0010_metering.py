"""Routes, entitlements, call keys, lanes, leases, usage events and stored answers."""

from alembic import op

from migrations.row_security import exchange_only, open_to_all, protect

revision = "0010_metering"
down_revision = "0009_anchors"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE delivery_routes (
    version_id text NOT NULL CONSTRAINT pk_delivery_routes PRIMARY KEY,
    listing_code text NOT NULL,
    supplier_id text NOT NULL,
    state text NOT NULL CONSTRAINT ck_delivery_routes_state
        CHECK (state IN ('open', 'suspended', 'revoked')),
    revision bigint NOT NULL DEFAULT 1,
    delivery jsonb NOT NULL,
    fields_in jsonb NOT NULL,
    fields_out jsonb NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ix_delivery_routes_listing_code ON delivery_routes (listing_code);

-- granted is NULL where the grant sets no bound; then the check is not false and lets pass.
CREATE TABLE entitlements (
    licence_id text NOT NULL CONSTRAINT pk_entitlements PRIMARY KEY,
    order_id text NOT NULL,
    agreement_id text NOT NULL,
    buyer_id text NOT NULL,
    supplier_id text NOT NULL,
    listing_code text NOT NULL,
    version_id text NOT NULL,
    scenario_id text NOT NULL,
    plan_id text NOT NULL,
    plan_hash text NOT NULL,
    plan_terms jsonb NOT NULL,
    terms jsonb NOT NULL,
    terms_hash text NOT NULL,
    split jsonb NOT NULL,
    currency text NOT NULL,
    state text NOT NULL CONSTRAINT ck_entitlements_state CHECK (state IN ('active', 'revoked')),
    revision bigint NOT NULL DEFAULT 1,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    granted_calls bigint, spent_calls bigint NOT NULL DEFAULT 0,
    leased_calls bigint NOT NULL DEFAULT 0,
    granted_units bigint, spent_units bigint NOT NULL DEFAULT 0,
    leased_units bigint NOT NULL DEFAULT 0,
    granted_free_units bigint NOT NULL DEFAULT 0, spent_free_units bigint NOT NULL DEFAULT 0,
    leased_free_units bigint NOT NULL DEFAULT 0,
    cap_amount bigint, spent_amount bigint NOT NULL DEFAULT 0,
    leased_amount bigint NOT NULL DEFAULT 0,
    CONSTRAINT ck_entitlements_period CHECK (starts_at < ends_at),
    CONSTRAINT ck_entitlements_calls CHECK (spent_calls + leased_calls <= granted_calls),
    CONSTRAINT ck_entitlements_units CHECK (spent_units + leased_units <= granted_units),
    CONSTRAINT ck_entitlements_free_units
        CHECK (spent_free_units + leased_free_units <= granted_free_units),
    CONSTRAINT ck_entitlements_amount CHECK (spent_amount + leased_amount <= cap_amount),
    CONSTRAINT ck_entitlements_not_negative CHECK (
        least(spent_calls, leased_calls, spent_units, leased_units, spent_free_units,
              leased_free_units, spent_amount, leased_amount) >= 0)
);
CREATE INDEX ix_entitlements_buyer_id ON entitlements (buyer_id, licence_id);
CREATE INDEX ix_entitlements_supplier_id ON entitlements (supplier_id, licence_id);
CREATE INDEX ix_entitlements_version_id ON entitlements (version_id);

CREATE TABLE call_keys (
    key_id text NOT NULL CONSTRAINT pk_call_keys PRIMARY KEY,
    licence_id text NOT NULL,
    organisation_id text NOT NULL,
    secret_hash text NOT NULL CONSTRAINT uq_call_keys_secret_hash UNIQUE,
    networks jsonb NOT NULL,
    expires_at timestamptz,
    withdrawn_at timestamptz
);
CREATE INDEX ix_call_keys_licence_id ON call_keys (licence_id);

CREATE TABLE lanes (
    lane_id text NOT NULL CONSTRAINT pk_lanes PRIMARY KEY,
    licence_id text NOT NULL
        CONSTRAINT fk_lanes_licence_id_entitlements REFERENCES entitlements (licence_id),
    buyer_id text NOT NULL,
    number bigint NOT NULL CONSTRAINT ck_lanes_number CHECK (number >= 1),
    holder text,
    epoch bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    sequence bigint NOT NULL DEFAULT 0,
    total_units bigint NOT NULL DEFAULT 0,
    total_amount bigint NOT NULL DEFAULT 0,
    last_leaf_hash bytea NOT NULL,
    opened_at timestamptz NOT NULL,
    CONSTRAINT uq_lanes_licence_id_number UNIQUE (licence_id, number),
    CONSTRAINT ck_lanes_last_leaf_hash CHECK (octet_length(last_leaf_hash) = 32),
    CONSTRAINT ck_lanes_not_negative CHECK (least(sequence, total_units, total_amount) >= 0)
);
CREATE INDEX ix_lanes_held ON lanes (expires_at) WHERE holder IS NOT NULL;

CREATE TABLE leases (
    lease_id text NOT NULL CONSTRAINT pk_leases PRIMARY KEY,
    lane_id text NOT NULL CONSTRAINT fk_leases_lane_id_lanes REFERENCES lanes (lane_id),
    licence_id text NOT NULL,
    buyer_id text NOT NULL,
    epoch bigint NOT NULL,
    calls bigint NOT NULL, spent_calls bigint NOT NULL DEFAULT 0,
    units bigint NOT NULL, spent_units bigint NOT NULL DEFAULT 0,
    free_units bigint NOT NULL, spent_free_units bigint NOT NULL DEFAULT 0,
    amount bigint NOT NULL, spent_amount bigint NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT ck_leases_calls CHECK (spent_calls BETWEEN 0 AND calls),
    CONSTRAINT ck_leases_units CHECK (spent_units BETWEEN 0 AND units),
    CONSTRAINT ck_leases_free_units CHECK (spent_free_units BETWEEN 0 AND free_units),
    CONSTRAINT ck_leases_amount CHECK (spent_amount BETWEEN 0 AND amount)
);
CREATE INDEX ix_leases_open ON leases (lane_id) WHERE closed_at IS NULL;
CREATE INDEX ix_leases_licence_id ON leases (licence_id);

-- A lease lives as long as its worker keeps the lane: lanes.expires_at is the expiry of both.

-- No key over the whole: one would have to carry the time. Inside a partition (lane_id, n) is
-- unique; across partitions the lane's compare-and-set of its sequence lets no number come twice.
CREATE TABLE usage_events (
    event_id text NOT NULL,
    licence_id text NOT NULL,
    lane_id text NOT NULL,
    lane bigint NOT NULL,
    n bigint NOT NULL CONSTRAINT ck_usage_events_n CHECK (n >= 1),
    lease_id text NOT NULL,
    buyer_id text NOT NULL,
    supplier_id text NOT NULL,
    listing_code text NOT NULL,
    key_id text NOT NULL,
    outcome text NOT NULL,
    units bigint NOT NULL,
    free_units bigint NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    occurred_at timestamptz NOT NULL,
    leaf_hash bytea NOT NULL,
    leaf bytea NOT NULL,
    detail bytea,
    detail_key bytea
) PARTITION BY RANGE (occurred_at);

-- Bounded and expiring: what a retry with the same Idempotency-Key is answered from.
CREATE TABLE call_answers (
    licence_id text NOT NULL,
    idempotency_key text NOT NULL,
    buyer_id text NOT NULL,
    status bigint NOT NULL,
    outcome text NOT NULL,
    sealed bytea NOT NULL,
    lane_id text NOT NULL,
    n bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT pk_call_answers PRIMARY KEY (licence_id, idempotency_key)
);
CREATE INDEX ix_call_answers_expires_at ON call_answers (expires_at);

CREATE TABLE plan_copies (
    plan_id text NOT NULL CONSTRAINT pk_plan_copies PRIMARY KEY,
    plan_hash text NOT NULL,
    listing_code text NOT NULL,
    terms jsonb NOT NULL,
    noted_at timestamptz NOT NULL
);
CREATE INDEX ix_plan_copies_listing_code ON plan_copies (listing_code);

CREATE TABLE denial_counts (
    licence_id text NOT NULL,
    slug text NOT NULL,
    hour timestamptz NOT NULL,
    buyer_id text NOT NULL,
    calls_count bigint NOT NULL,
    CONSTRAINT pk_denial_counts PRIMARY KEY (licence_id, slug, hour)
);

-- Unlogged: a crash forgets at most the present second, and writing it costs no WAL.
CREATE UNLOGGED TABLE rate_windows (
    licence_id text NOT NULL CONSTRAINT pk_rate_windows PRIMARY KEY,
    second bigint NOT NULL,
    taken bigint NOT NULL,
    given bigint NOT NULL
);
"""

# A partition is reached by its own name too, so it carries the same policy as the whole.
ADD_PARTITION = """
CREATE FUNCTION metering_add_usage_partition(part text, bounds text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass(part) IS NOT NULL THEN RETURN; END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF usage_events %s', part, bounds);
    EXECUTE format('CREATE UNIQUE INDEX %I ON %I (lane_id, n)', 'uq_' || part || '_lane_n', part);
    EXECUTE format(
        'CREATE INDEX %I ON %I (licence_id, event_id)', 'ix_' || part || '_licence', part);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', part);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', part);
    EXECUTE format(
        'CREATE POLICY %I ON %I USING (current_setting(''counterfoil.reach'', true) = ''exchange'''
        ' OR (current_setting(''counterfoil.reach'', true) = ''organisation'''
        ' AND (buyer_id = current_setting(''counterfoil.organisation'', true)'
        ' OR supplier_id = current_setting(''counterfoil.organisation'', true))))',
        part || '_owners', part);
END
$$;

CREATE FUNCTION metering_add_usage_month(any_day date) RETURNS void LANGUAGE sql AS $$
    SELECT metering_add_usage_partition(
        'usage_events_' || to_char(month, 'YYYY_MM'),
        format('FOR VALUES FROM (%L) TO (%L)', month || ' 00:00+00',
               (month + interval '1 month')::date || ' 00:00+00'))
    FROM (SELECT date_trunc('month', any_day)::date AS month) AS months
$$;
"""

NAMES = (
    "rate_windows",
    "denial_counts",
    "plan_copies",
    "call_answers",
    "usage_events",
    "leases",
    "lanes",
    "call_keys",
    "entitlements",
    "delivery_routes",
)


def upgrade() -> None:
    """Create the tables of this room."""
    op.execute(TABLES)
    op.execute(ADD_PARTITION)
    op.execute("SELECT metering_add_usage_partition('usage_events_default', 'DEFAULT')")
    op.execute(
        "SELECT metering_add_usage_month((now() + make_interval(months => ahead))::date)"
        " FROM generate_series(0, 2) AS ahead"
    )
    exchange_only(op, "delivery_routes")  # holds suppliers' addresses and credentials
    protect(op, "entitlements", owners=["buyer_id", "supplier_id"])
    protect(op, "call_keys", owners=["organisation_id"])
    protect(op, "lanes", owners=["buyer_id"])
    protect(op, "leases", owners=["buyer_id"])
    protect(op, "usage_events", owners=["buyer_id", "supplier_id"])
    protect(op, "call_answers", owners=["buyer_id"])
    open_to_all(op, "plan_copies")  # published prices, the same for everybody
    protect(op, "denial_counts", owners=["buyer_id"])
    exchange_only(op, "rate_windows")


def downgrade() -> None:
    """Drop them."""
    for name in NAMES:
        op.execute(f"DROP TABLE {name}")
    op.execute("DROP FUNCTION metering_add_usage_month(date)")
    op.execute("DROP FUNCTION metering_add_usage_partition(text, text)")
