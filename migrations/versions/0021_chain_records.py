"""Settlement statements and log keys on chain."""

from alembic import op

from migrations.row_security import exchange_only, open_to_all

revision = "0021_chain_records"
down_revision = "0020_acknowledgements"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE chain_statements (
    statement_id text NOT NULL CONSTRAINT pk_chain_statements PRIMARY KEY,
    chain_statement_id text NOT NULL CONSTRAINT uq_chain_statements_chain_id UNIQUE,
    root_hash text NOT NULL CONSTRAINT ck_chain_statements_root_hash
        CHECK (root_hash ~ '^[0-9a-f]{64}$'),
    state text NOT NULL CONSTRAINT ck_chain_statements_state
        CHECK (state IN ('planned', 'recording', 'recorded')),
    nonce bigint,
    raw_transaction bytea,
    transaction_hash text,
    recorded_at timestamptz
);
CREATE TABLE chain_keys (
    origin text NOT NULL,
    public_key text NOT NULL CONSTRAINT ck_chain_keys_public_key
        CHECK (public_key ~ '^[0-9a-f]{64}$'),
    role text NOT NULL CONSTRAINT ck_chain_keys_role
        CHECK (role IN ('checkpoint', 'receipts', 'statements')),
    from_size bigint NOT NULL CONSTRAINT ck_chain_keys_from_size CHECK (from_size >= 0),
    until_size bigint CONSTRAINT ck_chain_keys_until_size CHECK (until_size >= 0),
    state text NOT NULL CONSTRAINT ck_chain_keys_state
        CHECK (state IN ('planned', 'announcing', 'announced', 'retiring', 'retired')),
    nonce bigint,
    raw_transaction bytea,
    transaction_hash text,
    announced_at timestamptz,
    retired_at timestamptz,
    CONSTRAINT pk_chain_keys PRIMARY KEY (origin, public_key)
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(TABLES)
    exchange_only(op, "chain_statements")  # whose statement it is stands in another table
    open_to_all(op, "chain_keys")  # public keys, public on chain already


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE chain_keys")
    op.execute("DROP TABLE chain_statements")
