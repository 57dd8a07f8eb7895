"""Calls that their buyer signs: who may sign, which licences ask for it, what was signed."""

from alembic import op

from migrations.row_security import protect

revision = "0036_signed_calls"
down_revision = "0035_live_quality"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE evidence_modes DROP CONSTRAINT ck_evidence_modes_mode,
    ADD CONSTRAINT ck_evidence_modes_mode CHECK (mode IN ('none', 'ack', 'per_request'));

ALTER TABLE entitlements ADD COLUMN is_signed boolean NOT NULL DEFAULT false;

CREATE TABLE request_signers (
    vkey text NOT NULL CONSTRAINT pk_request_signers PRIMARY KEY,
    organisation_id text NOT NULL,
    public_key bytea NOT NULL CONSTRAINT ck_request_signers_public_key
        CHECK (octet_length(public_key) = 32),
    admitted_at timestamptz NOT NULL,
    withdrawn_at timestamptz
);
CREATE INDEX ix_request_signers_organisation_id ON request_signers (organisation_id);

CREATE TABLE signed_requests (
    licence_id text NOT NULL,
    nonce text NOT NULL,
    buyer_id text NOT NULL,
    supplier_id text NOT NULL,
    lane_id text NOT NULL,
    lane bigint NOT NULL,
    n bigint NOT NULL,
    -- Encrypted; a query may say about whom it asks. Erased with the call's detail.
    sealed bytea,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_signed_requests PRIMARY KEY (licence_id, nonce),
    CONSTRAINT uq_signed_requests_call UNIQUE (licence_id, lane, n)
);
CREATE INDEX ix_signed_requests_lane_id ON signed_requests (lane_id, n);
"""


def upgrade() -> None:
    """Create both tables, and ask no licence for anything yet."""
    op.execute(TABLES)
    op.execute("SELECT set_config('counterfoil.reach', 'exchange', true)")
    # A verification key is name+id+b64(algorithm || key), and Base64 has plus signs of its own.
    op.execute(
        """
        INSERT INTO request_signers (vkey, organisation_id, public_key, admitted_at, withdrawn_at)
        SELECT vkey, organisation_id,
            substr(decode(regexp_replace(vkey, '^[^+]*[+][^+]*[+]', ''), 'base64'), 2),
            registered_at, withdrawn_at
        FROM acknowledgement_keys
        """
    )
    protect(op, "request_signers", owners=["organisation_id"])
    protect(op, "signed_requests", owners=["buyer_id", "supplier_id"])


def downgrade() -> None:
    """Drop them; refused while a licence asks for signatures."""
    op.execute(
        """
        ALTER TABLE evidence_modes DROP CONSTRAINT ck_evidence_modes_mode,
            ADD CONSTRAINT ck_evidence_modes_mode CHECK (mode IN ('none', 'ack'));
        DROP TABLE signed_requests;
        DROP TABLE request_signers;
        ALTER TABLE entitlements DROP COLUMN is_signed;
        """
    )
