"""Allowance pools and periods of licences, spending caps, and what a lease took from which."""

from alembic import op

from migrations.row_security import protect

revision = "0012_pools"
down_revision = "0011_batch_booking"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE entitlements
    ADD COLUMN day_cap_amount bigint
        CONSTRAINT ck_entitlements_day_cap_amount CHECK (day_cap_amount >= 0),
    ADD COLUMN next_period_at timestamptz,
    ADD COLUMN carried_to text,
    ADD COLUMN carried_units bigint NOT NULL DEFAULT 0
        CONSTRAINT ck_entitlements_carried_units CHECK (carried_units >= 0);
CREATE INDEX ix_entitlements_next_period_at ON entitlements (next_period_at)
    WHERE next_period_at IS NOT NULL;
CREATE INDEX ix_entitlements_buyer_id_plan_id ON entitlements (buyer_id, plan_id);

CREATE TABLE licence_periods (
    licence_id text NOT NULL
        CONSTRAINT fk_licence_periods_licence_id REFERENCES entitlements (licence_id),
    period bigint NOT NULL CONSTRAINT ck_licence_periods_period CHECK (period >= 1),
    buyer_id text NOT NULL,
    supplier_id text NOT NULL,
    state text NOT NULL CONSTRAINT ck_licence_periods_state
        CHECK (state IN ('open', 'unpaid', 'closed', 'lapsed')),
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    -- When the timed step looks at it again: to close it, or to have its fee paid.
    try_at timestamptz NOT NULL,
    fee_amount bigint NOT NULL CONSTRAINT ck_licence_periods_fee_amount CHECK (fee_amount >= 0),
    opened_at timestamptz,
    closed_at timestamptz,
    units bigint,
    free_units bigint,
    charged_amount bigint,
    total_amount bigint,
    minimum_amount bigint,
    CONSTRAINT pk_licence_periods PRIMARY KEY (licence_id, period),
    CONSTRAINT ck_licence_periods_order CHECK (from_at <= until_at),
    -- What is trued up at the end is given back, never asked for.
    CONSTRAINT ck_licence_periods_total CHECK (total_amount BETWEEN 0 AND charged_amount),
    CONSTRAINT ck_licence_periods_closed CHECK (
        (state = 'closed') = (num_nulls(units, free_units, charged_amount, total_amount,
                                        minimum_amount, closed_at) = 0))
);
CREATE INDEX ix_licence_periods_try_at ON licence_periods (try_at)
    WHERE state IN ('open', 'unpaid');

-- granted is NULL where a pool has no end; then the check is not false and lets pass.
CREATE TABLE allowance_pools (
    pool_id text NOT NULL CONSTRAINT pk_allowance_pools PRIMARY KEY,
    licence_id text NOT NULL
        CONSTRAINT fk_allowance_pools_licence_id REFERENCES entitlements (licence_id),
    period bigint NOT NULL,
    position bigint NOT NULL,
    buyer_id text NOT NULL,
    supplier_id text NOT NULL,
    kind text NOT NULL CONSTRAINT ck_allowance_pools_kind
        CHECK (kind IN ('trial', 'free', 'included', 'priced')),
    unit_price bigint NOT NULL CONSTRAINT ck_allowance_pools_unit_price CHECK (unit_price >= 0),
    granted_units bigint,
    spent_units bigint NOT NULL DEFAULT 0,
    leased_units bigint NOT NULL DEFAULT 0,
    from_at timestamptz NOT NULL,
    until_at timestamptz NOT NULL,
    CONSTRAINT uq_allowance_pools_licence_id UNIQUE (licence_id, period, position),
    CONSTRAINT ck_allowance_pools_units CHECK (spent_units + leased_units <= granted_units),
    CONSTRAINT ck_allowance_pools_not_negative CHECK (least(spent_units, leased_units) >= 0)
);

CREATE TABLE spending_days (
    licence_id text NOT NULL,
    day date NOT NULL,
    buyer_id text NOT NULL,
    cap_amount bigint,
    spent_amount bigint NOT NULL DEFAULT 0,
    leased_amount bigint NOT NULL DEFAULT 0,
    CONSTRAINT pk_spending_days PRIMARY KEY (licence_id, day),
    CONSTRAINT ck_spending_days_amount CHECK (spent_amount + leased_amount <= cap_amount),
    CONSTRAINT ck_spending_days_not_negative CHECK (least(spent_amount, leased_amount) >= 0)
);

-- cap_amount is NULL when it was taken away; leases that are still out return to the row.
CREATE TABLE key_caps (
    key_id text NOT NULL CONSTRAINT pk_key_caps PRIMARY KEY
        CONSTRAINT fk_key_caps_key_id REFERENCES call_keys (key_id),
    licence_id text NOT NULL,
    buyer_id text NOT NULL,
    cap_amount bigint,
    spent_amount bigint NOT NULL DEFAULT 0,
    leased_amount bigint NOT NULL DEFAULT 0,
    set_at timestamptz NOT NULL,
    CONSTRAINT ck_key_caps_amount CHECK (spent_amount + leased_amount <= cap_amount),
    CONSTRAINT ck_key_caps_not_negative CHECK (least(spent_amount, leased_amount) >= 0)
);
CREATE INDEX ix_key_caps_licence_id ON key_caps (licence_id);

ALTER TABLE leases
    ADD COLUMN period bigint NOT NULL DEFAULT 1,
    ADD COLUMN day date,
    ADD COLUMN key_id text,
    ADD COLUMN ends_at timestamptz;
CREATE INDEX ix_leases_period ON leases (licence_id, period);

-- Which units of a lease came out of which pool, in their order.
-- offset_units is what the lease's earlier rows of the same freedom hold.
CREATE TABLE lease_pools (
    lease_id text NOT NULL CONSTRAINT fk_lease_pools_lease_id REFERENCES leases (lease_id),
    position bigint NOT NULL,
    pool_id text NOT NULL
        CONSTRAINT fk_lease_pools_pool_id REFERENCES allowance_pools (pool_id),
    buyer_id text NOT NULL,
    is_free boolean NOT NULL,
    units bigint NOT NULL CONSTRAINT ck_lease_pools_units CHECK (units > 0),
    offset_units bigint NOT NULL,
    CONSTRAINT pk_lease_pools PRIMARY KEY (lease_id, position)
);
"""

# Until now there were two kinds of plan, and both count over the licence's term: period 1.
PERIODS = """
INSERT INTO licence_periods (licence_id, period, buyer_id, supplier_id, state, from_at, until_at,
                             try_at, fee_amount, opened_at)
SELECT licence_id, 1, buyer_id, supplier_id, 'open', starts_at, until_at, until_at, 0, starts_at
FROM (SELECT *, CASE WHEN state = 'active' THEN ends_at
                     ELSE greatest(starts_at, least(ends_at, changed_at)) END AS until_at
      FROM entitlements) AS e;

INSERT INTO allowance_pools (pool_id, licence_id, period, position, buyer_id, supplier_id, kind,
                             unit_price, granted_units, spent_units, leased_units,
                             from_at, until_at)
SELECT 'pol_' || md5(p.licence_id || '/1'), p.licence_id, 1, 1, p.buyer_id, p.supplier_id, 'free',
       0, e.granted_free_units, e.spent_free_units, e.leased_free_units, p.from_at, p.until_at
FROM licence_periods AS p JOIN entitlements AS e USING (licence_id)
WHERE e.granted_free_units > 0
UNION ALL
SELECT 'pol_' || md5(p.licence_id || '/2'), p.licence_id, 1, 2, p.buyer_id, p.supplier_id,
       CASE WHEN e.plan_terms ->> 'kind' = 'package' THEN 'included' ELSE 'priced' END,
       CASE WHEN e.plan_terms ->> 'kind' = 'package' THEN 0
            ELSE ((e.plan_terms ->> 'unit_price')::numeric * 100000000)::bigint END,
       e.granted_units, e.spent_units - e.spent_free_units, e.leased_units - e.leased_free_units,
       p.from_at, p.until_at
FROM licence_periods AS p JOIN entitlements AS e USING (licence_id);
"""

# A worker that died before the upgrade may have left leases open; they return to these pools.
LEASES = """
UPDATE leases AS l SET
    day = (l.opened_at AT TIME ZONE 'Asia/Shanghai')::date,
    ends_at = least(p.until_at,
                    (date_trunc('day', l.opened_at AT TIME ZONE 'Asia/Shanghai')
                     + interval '1 day') AT TIME ZONE 'Asia/Shanghai')
FROM licence_periods AS p WHERE p.licence_id = l.licence_id;

INSERT INTO lease_pools (lease_id, position, pool_id, buyer_id, is_free, units, offset_units)
SELECT lease_id, 1, 'pol_' || md5(licence_id || '/1'), buyer_id, true, free_units, 0
FROM leases WHERE closed_at IS NULL AND free_units > 0
UNION ALL
SELECT lease_id, 2, 'pol_' || md5(licence_id || '/2'), buyer_id, false, units - free_units, 0
FROM leases WHERE closed_at IS NULL AND units > free_units;

INSERT INTO spending_days (licence_id, day, buyer_id, spent_amount, leased_amount)
SELECT licence_id, day, min(buyer_id),
       coalesce(sum(spent_amount) FILTER (WHERE closed_at IS NOT NULL), 0),
       coalesce(sum(amount) FILTER (WHERE closed_at IS NULL), 0)
FROM leases WHERE day IS NOT NULL GROUP BY licence_id, day;
"""

NAMES = ("lease_pools", "key_caps", "spending_days", "allowance_pools", "licence_periods")
LEASE_COLUMNS = ("period", "day", "key_id", "ends_at")
ENTITLEMENT_COLUMNS = ("day_cap_amount", "next_period_at", "carried_to", "carried_units")


def upgrade() -> None:
    """Create the tables and move what is granted, spent and out on lease into pools."""
    op.execute(TABLES)
    op.execute(PERIODS)
    op.execute(LEASES)
    op.execute("ALTER TABLE leases ALTER COLUMN period DROP DEFAULT")
    protect(op, "licence_periods", owners=["buyer_id", "supplier_id"])
    protect(op, "allowance_pools", owners=["buyer_id", "supplier_id"])
    # How far a buyer trusts its own programs is not the supplier's business.
    protect(op, "spending_days", owners=["buyer_id"])
    protect(op, "key_caps", owners=["buyer_id"])
    protect(op, "lease_pools", owners=["buyer_id"])


def downgrade() -> None:
    """Drop them; the entitlements' own sums were kept all along."""
    for name in NAMES:
        op.execute(f"DROP TABLE {name}")
    op.execute("DROP INDEX ix_leases_period")
    op.execute("DROP INDEX ix_entitlements_buyer_id_plan_id")
    for column in LEASE_COLUMNS:
        op.execute(f"ALTER TABLE leases DROP COLUMN {column}")
    for column in ENTITLEMENT_COLUMNS:
        op.execute(f"ALTER TABLE entitlements DROP COLUMN {column}")
