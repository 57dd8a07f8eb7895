"""The documents behind evidence, kept for whoever has to read them."""

from alembic import op

from migrations.row_security import protect

revision = "0081_documents"
down_revision = "0080_days_of_open_leases"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE documents (
    id text PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations,
    document_hash text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sealed bytea NOT NULL,
    sent_by text NOT NULL REFERENCES people,
    sent_at timestamptz NOT NULL,
    opened_at timestamptz,
    CONSTRAINT ck_documents_hash CHECK (document_hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_documents_size CHECK (size_bytes BETWEEN 1 AND 10485760),
    CONSTRAINT ck_documents_sealed CHECK (octet_length(sealed) > size_bytes),
    CONSTRAINT uq_documents_organisation_id_document_hash UNIQUE (organisation_id, document_hash)
);
-- What is encrypted is not worth trying to compress.
ALTER TABLE documents ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX ix_documents_organisation_id_id ON documents (organisation_id, id);
CREATE INDEX ix_documents_document_hash ON documents (document_hash);
CREATE INDEX ix_documents_sent_by ON documents (sent_by);
"""


def upgrade() -> None:
    """A document is its sender's; the exchange's reach opens it for those who decide."""
    op.execute(TABLE)
    protect(op, "documents", owners=["organisation_id"])


def downgrade() -> None:
    """Refuses where a document is kept: what decisions rest on is not thrown away."""
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM documents) THEN"
        " RAISE EXCEPTION 'documents are kept'; END IF; END $$"
    )
    op.execute("DROP TABLE documents")
