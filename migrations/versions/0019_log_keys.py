"""Witnesses: their cosignatures, the heads that enough of them cosigned, how each fares."""

from alembic import op

from migrations.row_security import open_to_all

revision = "0019_log_keys"
down_revision = "0018_rates"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE checkpoint_cosignatures (
    shard bigint NOT NULL,
    tree_size bigint NOT NULL,
    witness text NOT NULL,
    line text NOT NULL,
    cosigned_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT pk_checkpoint_cosignatures PRIMARY KEY (shard, tree_size, witness),
    CONSTRAINT fk_checkpoint_cosignatures_shard_tree_size_checkpoints
        FOREIGN KEY (shard, tree_size) REFERENCES checkpoints (shard, tree_size)
);
CREATE INDEX ix_checkpoint_cosignatures_witness
    ON checkpoint_cosignatures (shard, witness, tree_size);

CREATE TABLE witnessed_checkpoints (
    shard bigint NOT NULL,
    tree_size bigint NOT NULL,
    needed bigint NOT NULL CONSTRAINT ck_witnessed_checkpoints_needed CHECK (needed >= 1),
    witnessed_at timestamptz NOT NULL,
    CONSTRAINT pk_witnessed_checkpoints PRIMARY KEY (shard, tree_size),
    CONSTRAINT fk_witnessed_checkpoints_shard_tree_size_checkpoints
        FOREIGN KEY (shard, tree_size) REFERENCES checkpoints (shard, tree_size)
);

CREATE TABLE witness_standings (
    shard bigint NOT NULL
        CONSTRAINT fk_witness_standings_shard_log_head REFERENCES log_head (shard),
    witness text NOT NULL,
    known_size bigint NOT NULL CONSTRAINT ck_witness_standings_known_size CHECK (known_size >= 0),
    asked_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    failures_count bigint NOT NULL,
    failing_since timestamptz,
    last_failure text,
    CONSTRAINT pk_witness_standings PRIMARY KEY (shard, witness),
    CONSTRAINT ck_witness_standings_failing
        CHECK ((failing_since IS NULL) = (last_failure IS NULL))
);
"""

# Everything here is about published heads, and is published itself.
PUBLIC = ("checkpoint_cosignatures", "witnessed_checkpoints", "witness_standings")
KEPT = ("checkpoint_cosignatures", "witnessed_checkpoints")


def upgrade() -> None:
    """Three tables; what was signed and what was counted is never changed."""
    op.execute(TABLES)
    for table in PUBLIC:
        open_to_all(op, table)
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change()"
        )


def downgrade() -> None:
    """Nothing remains."""
    for table in reversed(PUBLIC):
        op.execute(f"DROP TABLE {table}")
