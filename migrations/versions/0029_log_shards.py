"""Shards that follow one another: when each was opened and closed, and what it carries on."""

from alembic import op

revision = "0029_log_shards"
down_revision = "0028_registry"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the succession, and let an entry stand in a shard and in the one that replaces it."""
    op.execute(
        """
        ALTER TABLE log_head
            ADD COLUMN opened_at timestamptz,
            ADD COLUMN closed_at timestamptz,
            ADD COLUMN predecessor bigint
                CONSTRAINT uq_log_head_predecessor UNIQUE
                CONSTRAINT fk_log_head_predecessor_log_head REFERENCES log_head (shard),
            ADD COLUMN predecessor_size bigint
                CONSTRAINT ck_log_head_predecessor_size CHECK (predecessor_size > 0),
            ADD CONSTRAINT ck_log_head_predecessor CHECK (
                predecessor IS NULL AND predecessor_size IS NULL
                OR predecessor < shard AND predecessor_size IS NOT NULL
            );
        ALTER TABLE log_positions
            DROP CONSTRAINT log_positions_arrival_key,
            ADD CONSTRAINT log_positions_arrival_key UNIQUE (arrival, shard);
        DROP TRIGGER log_head_grows ON log_head;
        CREATE TRIGGER log_head_grows BEFORE UPDATE ON log_head FOR EACH ROW
            WHEN (NEW.tree_size < OLD.tree_size OR NEW.epoch < OLD.epoch
                OR NEW.origin <> OLD.origin
                OR OLD.closed_at IS NOT NULL AND (
                    NEW.tree_size <> OLD.tree_size OR NEW.closed_at IS DISTINCT FROM OLD.closed_at)
                OR OLD.predecessor IS DISTINCT FROM NEW.predecessor
                OR OLD.predecessor_size IS DISTINCT FROM NEW.predecessor_size)
            EXECUTE FUNCTION log_refuse_shrinking();
        """
    )


def downgrade() -> None:
    """Take the succession away; refused while an entry stands in two shards."""
    op.execute(
        """
        DROP TRIGGER log_head_grows ON log_head;
        CREATE TRIGGER log_head_grows BEFORE UPDATE ON log_head FOR EACH ROW
            WHEN (NEW.tree_size < OLD.tree_size OR NEW.epoch < OLD.epoch
                OR NEW.origin <> OLD.origin)
            EXECUTE FUNCTION log_refuse_shrinking();
        ALTER TABLE log_positions
            DROP CONSTRAINT log_positions_arrival_key,
            ADD CONSTRAINT log_positions_arrival_key UNIQUE (arrival);
        ALTER TABLE log_head
            DROP COLUMN predecessor_size, DROP COLUMN predecessor,
            DROP COLUMN closed_at, DROP COLUMN opened_at;
        """
    )
