"""Buyers' acknowledgements of running totals, and the keys that sign them."""

from alembic import op

from migrations.row_security import protect

revision = "0020_acknowledgements"
down_revision = "0019_log_keys"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE acknowledgement_keys (
    key_id text NOT NULL CONSTRAINT pk_acknowledgement_keys PRIMARY KEY,
    organisation_id text NOT NULL,
    vkey text NOT NULL CONSTRAINT uq_acknowledgement_keys_vkey UNIQUE,
    registered_by text NOT NULL,
    registered_at timestamptz NOT NULL,
    withdrawn_at timestamptz
);
CREATE INDEX ix_acknowledgement_keys_organisation_id ON acknowledgement_keys (organisation_id);

CREATE TABLE evidence_modes (
    licence_id text NOT NULL CONSTRAINT pk_evidence_modes PRIMARY KEY,
    buyer_id text NOT NULL,
    supplier_id text NOT NULL,
    mode text NOT NULL CONSTRAINT ck_evidence_modes_mode CHECK (mode IN ('none', 'ack')),
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);

CREATE TABLE acknowledgements (
    acknowledgement_id text NOT NULL CONSTRAINT pk_acknowledgements PRIMARY KEY,
    document_hash text NOT NULL CONSTRAINT uq_acknowledgements_document_hash UNIQUE,
    licence_id text NOT NULL,
    buyer_id text NOT NULL,
    supplier_id text NOT NULL,
    key_id text NOT NULL CONSTRAINT fk_acknowledgements_key_id
        REFERENCES acknowledgement_keys (key_id),
    document jsonb NOT NULL,
    acknowledged_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX ix_acknowledgements_licence_id
    ON acknowledgements (licence_id, acknowledgement_id);
CREATE TRIGGER acknowledgements_unchanged BEFORE UPDATE OR DELETE ON acknowledgements
    FOR EACH ROW EXECUTE FUNCTION log_refuse_change();

-- How far each lane is acknowledged; a later acknowledgement never takes back an earlier one.
CREATE TABLE acknowledged_lanes (
    licence_id text NOT NULL,
    lane bigint NOT NULL,
    buyer_id text NOT NULL,
    supplier_id text NOT NULL,
    n bigint NOT NULL CONSTRAINT ck_acknowledged_lanes_n CHECK (n > 0),
    total_units bigint NOT NULL,
    total_amount bigint NOT NULL,
    acknowledgement_id text NOT NULL,
    CONSTRAINT pk_acknowledged_lanes PRIMARY KEY (licence_id, lane)
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)
    protect(op, "acknowledgement_keys", owners=["organisation_id"])
    for table in ("evidence_modes", "acknowledgements", "acknowledged_lanes"):
        protect(op, table, owners=["buyer_id", "supplier_id"])


def downgrade() -> None:
    """Drop them."""
    for table in (
        "acknowledged_lanes",
        "acknowledgements",
        "evidence_modes",
        "acknowledgement_keys",
    ):
        op.execute(f"DROP TABLE {table}")
