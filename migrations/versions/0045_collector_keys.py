"""Keys of the systems that collect consents: a supplier's own, and good for nothing else."""

from alembic import op

from migrations.row_security import protect

revision = "0045_collector_keys"
down_revision = "0044_scenario_risk"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE collector_keys (
    id text PRIMARY KEY,
    collector_id text NOT NULL,
    organisation_id text NOT NULL REFERENCES organisations,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    prefix text NOT NULL CHECK (char_length(prefix) = 8),
    secret_hash text NOT NULL UNIQUE CHECK (secret_hash ~ '^[0-9a-f]{64}$'),
    networks jsonb NOT NULL
        CHECK (jsonb_typeof(networks) = 'array' AND jsonb_array_length(networks) <= 20),
    requests_per_minute bigint NOT NULL CHECK (requests_per_minute BETWEEN 1 AND 1200),
    issued_by text NOT NULL REFERENCES people,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at <= issued_at + interval '366 days'),
    revoked_at timestamptz,
    revoked_by text REFERENCES people,
    rotated_to text REFERENCES collector_keys,
    last_used_at timestamptz,
    CONSTRAINT ck_collector_keys_rotated_to CHECK (rotated_to <> id),
    CONSTRAINT ck_collector_keys_revoked CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX ix_collector_keys_organisation ON collector_keys (organisation_id, id);
CREATE INDEX ix_collector_keys_issued_by ON collector_keys (issued_by);
CREATE INDEX ix_collector_keys_revoked_by ON collector_keys (revoked_by);
CREATE INDEX ix_collector_keys_rotated_to ON collector_keys (rotated_to);
"""


def upgrade() -> None:
    """Whose key it is can only be told by the key: the exchange's reach finds it by its hash."""
    op.execute(TABLE)
    protect(op, "collector_keys", owners=["organisation_id"])


def downgrade() -> None:
    """Systems sign in as people again."""
    op.execute("DROP TABLE collector_keys")
