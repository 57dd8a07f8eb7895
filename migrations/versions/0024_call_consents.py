"""What the data plane keeps of the consent register: consents, and pseudonym keys of listings."""

from alembic import op

from migrations.row_security import protect

revision = "0024_call_consents"
down_revision = "0023_person_counts"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE call_consents (
    consent_id text NOT NULL CONSTRAINT pk_call_consents PRIMARY KEY,
    listing_code text NOT NULL,
    supplier_id text NOT NULL,
    recipient_id text NOT NULL,
    -- A keyed hash: nothing here says who it is.
    subject text NOT NULL CONSTRAINT ck_call_consents_subject CHECK (subject ~ '^[0-9a-f]{64}$'),
    permitted_purposes jsonb NOT NULL,
    token_hash text NOT NULL CONSTRAINT uq_call_consents_token_hash UNIQUE,
    state text NOT NULL CONSTRAINT ck_call_consents_state
        CHECK (state IN ('granted', 'withdrawn')),
    expires_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX ix_call_consents_held
    ON call_consents (listing_code, recipient_id, subject, consent_id);
CREATE INDEX ix_call_consents_expires_at ON call_consents (expires_at);

CREATE TABLE pseudonym_keys (
    listing_code text NOT NULL CONSTRAINT pk_pseudonym_keys PRIMARY KEY,
    supplier_id text NOT NULL,
    key_ciphertext bytea NOT NULL,
    key_context text NOT NULL,
    kept_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Create both tables."""
    op.execute(TABLES)
    protect(op, "call_consents", owners=["supplier_id", "recipient_id"])
    # Encrypted; the supplier got the key itself when it was made.
    protect(op, "pseudonym_keys", owners=["supplier_id"])


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE pseudonym_keys")
    op.execute("DROP TABLE call_consents")
