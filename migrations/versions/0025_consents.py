"""The consent register: registers of products, consents of data subjects, batches in the log."""

from alembic import op

from migrations.row_security import open_to_all, protect

revision = "0025_consents"
down_revision = "0024_call_consents"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE consent_registers (
    product_id text NOT NULL CONSTRAINT pk_consent_registers PRIMARY KEY,
    supplier_id text NOT NULL,
    listing_code text CONSTRAINT uq_consent_registers_listing_code UNIQUE,
    key_ciphertext bytea,
    noted_at timestamptz NOT NULL,
    opened_at timestamptz,
    test_granted_at timestamptz,
    test_denied_at timestamptz,
    test_withdrawn_at timestamptz,
    CONSTRAINT ck_consent_registers_opened CHECK ((key_ciphertext IS NULL) = (opened_at IS NULL))
);
CREATE INDEX ix_consent_registers_supplier_id ON consent_registers (supplier_id);

CREATE TABLE consent_batches (
    id text NOT NULL CONSTRAINT pk_consent_batches PRIMARY KEY,
    root_hash text NOT NULL CONSTRAINT ck_consent_batches_root CHECK (root_hash ~ '^[0-9a-f]{64}$'),
    granted_count bigint NOT NULL CONSTRAINT ck_consent_batches_granted CHECK (granted_count >= 0),
    denied_count bigint NOT NULL CONSTRAINT ck_consent_batches_denied CHECK (denied_count >= 0),
    batched_at timestamptz NOT NULL
);

CREATE TABLE consents (
    id text NOT NULL CONSTRAINT pk_consents PRIMARY KEY,
    product_id text NOT NULL
        CONSTRAINT fk_consents_product_id_consent_registers REFERENCES consent_registers,
    listing_code text,
    supplier_id text NOT NULL,
    recipient_id text NOT NULL,
    -- A keyed hash: a row says that somebody agreed, and not who.
    subject text NOT NULL CONSTRAINT ck_consents_subject CHECK (subject ~ '^[0-9a-f]{64}$'),
    purpose text NOT NULL,
    state text NOT NULL CONSTRAINT ck_consents_state
        CHECK (state IN ('GRANTED', 'DENIED', 'WITHDRAWN')),
    is_test boolean NOT NULL,
    evidence_hash text NOT NULL
        CONSTRAINT ck_consents_evidence CHECK (evidence_hash ~ '^[0-9a-f]{64}$'),
    notice_hash text CONSTRAINT ck_consents_notice CHECK (notice_hash ~ '^[0-9a-f]{64}$'),
    token_hash text CONSTRAINT uq_consents_token_hash UNIQUE
        CONSTRAINT ck_consents_token CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    expires_at timestamptz,
    withdrawn_at timestamptz,
    withdrawn_by text,
    reason_code text,
    batch_id text CONSTRAINT fk_consents_batch_id_consent_batches REFERENCES consent_batches,
    batch_index bigint,
    CONSTRAINT ck_consents_grant_is_whole CHECK ((state = 'DENIED') = (token_hash IS NULL)
        AND (state = 'DENIED') = (expires_at IS NULL)),
    CONSTRAINT ck_consents_end_has_a_reason CHECK (
        (state = 'WITHDRAWN') = (withdrawn_at IS NOT NULL)
        AND (state = 'WITHDRAWN') = (reason_code IS NOT NULL)),
    CONSTRAINT ck_consents_listed CHECK (is_test OR listing_code IS NOT NULL)
);
CREATE INDEX ix_consents_subject ON consents (product_id, subject) WHERE state = 'GRANTED';
CREATE INDEX ix_consents_supplier_id ON consents (supplier_id, id);
CREATE INDEX ix_consents_recipient_id ON consents (recipient_id, id) WHERE NOT is_test;
CREATE INDEX ix_consents_unbatched ON consents (recorded_at, id)
    WHERE batch_id IS NULL AND NOT is_test;
CREATE INDEX ix_consents_batch_id ON consents (batch_id, batch_index);
CREATE INDEX ix_consents_expires_at ON consents (expires_at) WHERE state = 'GRANTED';
"""

# Products of before this release: their suppliers may open a register too.
NOTE_PRODUCTS = """
INSERT INTO consent_registers (product_id, supplier_id, listing_code, noted_at)
SELECT id, supplier_id, listing_code, registered_at FROM data_products
"""


def upgrade() -> None:
    """Create the tables, with a closed register for every product that is there."""
    op.execute(TABLES)
    op.execute("SELECT set_config('counterfoil.reach', 'exchange', true)")
    op.execute(NOTE_PRODUCTS)
    protect(op, "consent_registers", owners=["supplier_id"])
    protect(op, "consents", owners=["supplier_id", "recipient_id"])
    # Roots and counts, as the public log has them.
    open_to_all(op, "consent_batches")


def downgrade() -> None:
    """Drop them."""
    for table in ("consents", "consent_batches", "consent_registers"):
        op.execute(f"DROP TABLE {table}")
