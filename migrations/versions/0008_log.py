"""Log entries, their positions, tiles, tree heads and checkpoints.

An entry is written once and never touched again: waiting for an index is a row of its own
(`log_waiting`), and so is the index (`log_positions`). Foreign keys from these two to `log_entries`
are left out on purpose: both are written by one statement together with, or by one joined with, the
entry, on the path that every metered call pays for.
"""

import sqlalchemy as sa
from alembic import op

from migrations.row_security import exchange_only, open_to_all, protect

revision = "0008_log"
down_revision = "0007_journal"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of this room."""
    _create_entries()
    _create_tree()
    _create_parties()
    _keep_what_is_written()
    _protect()


def _create_entries() -> None:
    op.create_table(
        "log_entries",
        sa.Column("arrival", sa.BigInteger, primary_key=True),
        sa.Column("leaf_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("entry_type", sa.Text, nullable=False),
        sa.Column("licence_id", sa.Text),
        sa.Column("lane", sa.BigInteger),
        sa.Column("n", sa.BigInteger),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.CheckConstraint("octet_length(body) BETWEEN 2 AND 2048", name="body_length"),
        # RFC 6962 section 2.1: nothing enters under a hash that is not its own.
        sa.CheckConstraint("leaf_hash = sha256('\\x00'::bytea || body)", name="leaf_hash"),
        sa.CheckConstraint("(lane IS NULL) = (n IS NULL)", name="lane_and_n"),
        sa.CheckConstraint("lane IS NULL OR licence_id IS NOT NULL", name="lane_of_licence"),
        sa.CheckConstraint("lane >= 0 AND n >= 0", name="lane_counts"),
    )
    op.execute("CREATE SEQUENCE log_arrivals OWNED BY log_entries.arrival")
    # One leaf for each number of a lane, whatever the data plane believes.
    op.create_index(
        "uq_log_entries_lane",
        "log_entries",
        ["licence_id", "lane", "n"],
        unique=True,
        postgresql_where=sa.text("lane IS NOT NULL"),
    )
    op.create_index("ix_log_entries_licence_id", "log_entries", ["licence_id", "arrival"])
    # Calls are nearly everything: their type is found by the primary key, the others' by this.
    op.create_index(
        "ix_log_entries_entry_type",
        "log_entries",
        ["entry_type", "arrival"],
        postgresql_where=sa.text("entry_type <> 'call'"),
    )
    op.create_index(
        "ix_log_entries_recorded_at", "log_entries", ["recorded_at"], postgresql_using="brin"
    )
    op.create_table(
        "log_entry_subjects",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("arrival", sa.BigInteger, primary_key=True),
        sa.ForeignKeyConstraint(["arrival"], ["log_entries.arrival"]),
    )
    op.create_index("ix_log_entry_subjects_arrival", "log_entry_subjects", ["arrival"])
    op.create_table(
        "log_waiting",
        sa.Column("arrival", sa.BigInteger, primary_key=True),
        sa.Column("licence_id", sa.Text),
        sa.Column("lane", sa.BigInteger),
        sa.Column("n", sa.BigInteger),
        sa.Column("held_since", INSTANT),
        sa.Column("held_reason", sa.Text),
        sa.CheckConstraint("held_reason IN ('gap', 'altered')", name="held_reason"),
        sa.CheckConstraint("(held_since IS NULL) = (held_reason IS NULL)", name="held"),
    )
    op.create_index(
        "ix_log_waiting_held",
        "log_waiting",
        ["licence_id", "lane", "n"],
        postgresql_where=sa.text("held_since IS NOT NULL"),
    )


def _create_tree() -> None:
    op.create_table(
        "log_head",
        sa.Column("shard", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("origin", sa.Text, nullable=False, unique=True),
        sa.Column("tree_size", sa.BigInteger, nullable=False),
        sa.Column("root_hash", sa.LargeBinary, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("integrated_at", INSTANT, nullable=False),
        sa.Column("stopped_reason", sa.Text),
        sa.CheckConstraint("tree_size >= 0", name="tree_size"),
        sa.CheckConstraint("octet_length(root_hash) = 32", name="root_hash"),
    )
    op.create_table(
        "log_positions",
        sa.Column("shard", sa.BigInteger, primary_key=True),
        sa.Column("index", sa.BigInteger, primary_key=True),
        sa.Column("arrival", sa.BigInteger, nullable=False, unique=True),
        sa.CheckConstraint('"index" >= 0', name="index"),
    )
    op.create_table(
        "log_tiles",
        sa.Column("shard", sa.BigInteger, primary_key=True),
        sa.Column("level", sa.BigInteger, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("hashes", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["shard"], ["log_head.shard"]),
        sa.CheckConstraint(
            "octet_length(hashes) BETWEEN 32 AND 8192 AND octet_length(hashes) % 32 = 0",
            name="hashes",
        ),
    )
    op.create_table(
        "checkpoints",
        sa.Column("shard", sa.BigInteger, primary_key=True),
        sa.Column("tree_size", sa.BigInteger, primary_key=True),
        sa.Column("root_hash", sa.LargeBinary, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("signed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["shard"], ["log_head.shard"]),
        sa.CheckConstraint("octet_length(root_hash) = 32", name="root_hash"),
    )
    op.create_table(
        "lane_positions",
        sa.Column("licence_id", sa.Text, primary_key=True),
        sa.Column("lane", sa.BigInteger, primary_key=True),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("shard", sa.BigInteger, nullable=False),
        sa.Column("index", sa.BigInteger, nullable=False),
        sa.CheckConstraint("n >= 0", name="n"),
    )


def _create_parties() -> None:
    op.create_table(
        "log_parties",
        sa.Column("licence_id", sa.Text, primary_key=True),
        sa.Column("buyer_id", sa.Text, nullable=False, index=True),
        sa.Column("supplier_id", sa.Text, nullable=False, index=True),
    )


def _keep_what_is_written() -> None:
    """Refuse changes below the code: rows are added, tiles and heads only grow."""
    op.execute(
        "CREATE FUNCTION log_refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME; END $$"
    )
    for table in ("log_entries", "log_positions", "checkpoints"):
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change()"
        )
    op.execute(
        "CREATE FUNCTION log_refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'rows of % only grow', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE TRIGGER log_tiles_grow BEFORE UPDATE ON log_tiles FOR EACH ROW"
        " WHEN (substring(NEW.hashes FOR octet_length(OLD.hashes)) <> OLD.hashes)"
        " EXECUTE FUNCTION log_refuse_shrinking()"
    )
    op.execute(
        "CREATE TRIGGER log_head_grows BEFORE UPDATE ON log_head FOR EACH ROW"
        " WHEN (NEW.tree_size < OLD.tree_size OR NEW.epoch < OLD.epoch"
        " OR NEW.origin <> OLD.origin)"
        " EXECUTE FUNCTION log_refuse_shrinking()"
    )


def _protect() -> None:
    protect(op, "log_parties", owners=["buyer_id", "supplier_id"])
    # A party reads the entries of its own licences: the subquery sees only its own parties' rows.
    exchange_only(op, "log_entries")
    op.execute(
        "CREATE POLICY log_entries_parties ON log_entries FOR SELECT USING"
        " (current_setting('counterfoil.reach', true) = 'organisation'"
        " AND licence_id IN (SELECT licence_id FROM log_parties))"
    )
    # Any reach may append with its own write; the sequencer, with the exchange's reach, reads.
    for table in ("log_entries", "log_waiting", "log_entry_subjects"):
        if table != "log_entries":
            exchange_only(op, table)
        op.execute(f"CREATE POLICY {table}_append ON {table} FOR INSERT WITH CHECK (true)")
    # Numbers of entries that the reader sees anyway, or does not.
    open_to_all(op, "log_positions")
    # Hashes only, published under /log to everybody.
    for table in ("log_head", "log_tiles", "checkpoints"):
        open_to_all(op, table)
    exchange_only(op, "lane_positions")


def downgrade() -> None:
    """Drop them."""
    for table in (
        "lane_positions",
        "checkpoints",
        "log_tiles",
        "log_positions",
        "log_head",
        "log_waiting",
        "log_entry_subjects",
        "log_entries",
        "log_parties",  # after the entries: their policy reads it
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION log_refuse_change()")
    op.execute("DROP FUNCTION log_refuse_shrinking()")
