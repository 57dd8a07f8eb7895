"""Sum trees over settlement statements: the salted rows, and each statement's root."""

from alembic import op

from migrations.settlement_sql import readable_by

revision = "0022_statement_trees"
down_revision = "0021_chain_records"
branch_labels = None
depends_on = None

HASH = "'^[0-9a-f]{64}$'"
TABLES = f"""
ALTER TABLE settlements ADD COLUMN root_hash text
    CONSTRAINT ck_settlements_root_hash CHECK (root_hash ~ {HASH});
CREATE TABLE statement_rows (
    settlement_id text NOT NULL CONSTRAINT fk_statement_rows_settlement_id_settlements
        REFERENCES settlements (settlement_id),
    subject text NOT NULL,
    supplier_id text NOT NULL,
    salt bytea NOT NULL CONSTRAINT ck_statement_rows_salt CHECK (octet_length(salt) = 32),
    units bigint NOT NULL CONSTRAINT ck_statement_rows_units CHECK (units >= 0),
    charged_amount bigint NOT NULL
        CONSTRAINT ck_statement_rows_charged CHECK (charged_amount >= 0),
    credited_amount bigint NOT NULL
        CONSTRAINT ck_statement_rows_credited CHECK (credited_amount >= 0),
    CONSTRAINT pk_statement_rows PRIMARY KEY (settlement_id, subject)
);
CREATE INDEX ix_statement_rows_subject ON statement_rows (subject, settlement_id);
CREATE TRIGGER statement_rows_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON statement_rows
    FOR EACH STATEMENT EXECUTE FUNCTION journal_refuse_change();
"""


def upgrade() -> None:
    """Create the rows; statements from before stay without a root."""
    op.execute(TABLES)
    # A row's buyer is shown it, with its path, through the exchange's reach once it is known who
    # asks: the table itself says nothing of buyers.
    readable_by(op, "statement_rows", "supplier_id")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE statement_rows")
    op.execute("ALTER TABLE settlements DROP COLUMN root_hash")
