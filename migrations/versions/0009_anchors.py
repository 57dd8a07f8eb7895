"""Anchors of checkpoints on chain, deployed contracts, licences on chain."""

import sqlalchemy as sa
from alembic import op

from migrations.row_security import exchange_only, open_to_all

revision = "0009_anchors"
down_revision = "0008_log"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
HASH = "~ '^0x[0-9a-f]{64}$'"
ADDRESS = "~ '^0x[0-9a-fA-F]{40}$'"


def upgrade() -> None:
    """Create the tables of this room."""
    _create_anchors()
    _create_health()
    _create_requests()
    _create_deployments()
    _create_licences()


def _create_anchors() -> None:
    op.create_table(
        "anchors",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("chain_id", sa.BigInteger, nullable=False),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("tree_size", sa.BigInteger, nullable=False),
        sa.Column("root_hash", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("raw_transaction", sa.LargeBinary, nullable=False),
        sa.Column("transaction_hash", sa.Text, nullable=False, unique=True),
        sa.Column("block_number", sa.BigInteger),
        sa.Column("block_hash", sa.Text),
        sa.Column("planned_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT),
        sa.Column("mined_at", INSTANT),
        sa.Column("final_at", INSTANT),
        sa.Column("lost_at", INSTANT),
        sa.Column("lost_reason", sa.Text),
        sa.CheckConstraint("state IN ('planned', 'sent', 'mined', 'final', 'lost')", name="state"),
        sa.CheckConstraint("tree_size > 0", name="tree_size"),
        sa.CheckConstraint("root_hash ~ '^[0-9a-f]{64}$'", name="root_hash"),
        sa.CheckConstraint(f"transaction_hash {HASH}", name="transaction_hash"),
        sa.CheckConstraint(f"contract {ADDRESS}", name="contract"),
        sa.CheckConstraint(
            "state NOT IN ('mined', 'final')"
            " OR (block_number IS NOT NULL AND block_hash IS NOT NULL)",
            name="mined_in_a_block",
        ),
        sa.CheckConstraint("(state = 'lost') = (lost_reason IS NOT NULL)", name="lost_reason"),
    )
    # One anchor is under way at a time: the next one covers everything anyway.
    op.create_index(
        "uq_anchors_under_way",
        "anchors",
        ["chain_id", "contract"],
        unique=True,
        postgresql_where=sa.text("state IN ('planned', 'sent')"),
    )
    op.create_index(
        "ix_anchors_unsettled",
        "anchors",
        ["nonce"],
        postgresql_where=sa.text("state IN ('planned', 'sent', 'mined')"),
    )
    op.create_index("ix_anchors_tree_size", "anchors", ["tree_size"])
    open_to_all(op, "anchors")  # heads and transactions are public on chain already


def _create_health() -> None:
    op.create_table(
        "chain_health",
        sa.Column("origin", sa.Text, primary_key=True),
        sa.Column("chain_id", sa.BigInteger, nullable=False),
        sa.Column("genesis_hash", sa.Text, nullable=False),
        sa.Column("client_version", sa.Text, nullable=False),
        sa.Column("has_independent_validators", sa.Boolean, nullable=False),
        sa.Column("finality", sa.Text, nullable=False),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("anchored_size", sa.BigInteger, nullable=False),
        sa.Column("published_size", sa.BigInteger, nullable=False),
        sa.Column("answered_at", INSTANT, nullable=False),
        sa.Column("failing_since", INSTANT),
        sa.Column("failures_count", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_error", sa.Text),
    )
    open_to_all(op, "chain_health")  # shown as it is on the public status page


def _create_requests() -> None:
    op.create_table(
        "anchor_requests",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("requested_at", INSTANT, nullable=False),
        sa.Column("answered_at", INSTANT),
    )
    op.create_index(
        "ix_anchor_requests_waiting",
        "anchor_requests",
        ["requested_at"],
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    exchange_only(op, "anchor_requests")


def _create_deployments() -> None:
    op.create_table(
        "chain_deployments",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("chain_id", sa.BigInteger, nullable=False),
        sa.Column("genesis_hash", sa.Text, nullable=False),
        sa.Column("contract", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("source_sha256", sa.Text, nullable=False),
        sa.Column("deployer", sa.Text, nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("raw_transaction", sa.LargeBinary, nullable=False),
        sa.Column("transaction_hash", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("planned_at", INSTANT, nullable=False),
        sa.Column("mined_at", INSTANT),
        sa.CheckConstraint("state IN ('planned', 'mined', 'lost')", name="state"),
        sa.CheckConstraint(f"address {ADDRESS}", name="address"),
    )
    op.create_index(
        "uq_chain_deployments_current",
        "chain_deployments",
        ["chain_id", "genesis_hash", "contract", "subject"],
        unique=True,
        postgresql_where=sa.text("state <> 'lost'"),
    )
    open_to_all(op, "chain_deployments")  # addresses and code are public on chain


def _create_licences() -> None:
    op.create_table(
        "chain_licences",
        sa.Column("licence_id", sa.Text, primary_key=True),
        sa.Column("chain_licence_id", sa.Text, nullable=False, unique=True),
        sa.Column("terms_hash", sa.Text, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("commitment", sa.Text, nullable=False),
        sa.Column("starts_at_seconds", sa.BigInteger, nullable=False),
        sa.Column("ends_at_seconds", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("nonce", sa.BigInteger),
        sa.Column("raw_transaction", sa.LargeBinary),
        sa.Column("transaction_hash", sa.Text),
        sa.Column("granted_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        sa.CheckConstraint(
            "state IN ('planned', 'granting', 'granted', 'revoking', 'revoked')", name="state"
        ),
        sa.CheckConstraint("length(salt) = 32", name="salt"),
        sa.CheckConstraint(
            "0 <= starts_at_seconds AND starts_at_seconds < ends_at_seconds", name="period"
        ),
    )
    exchange_only(op, "chain_licences")  # the salt is what keeps the commitment unguessable


def downgrade() -> None:
    """Drop them."""
    for table in (
        "chain_licences",
        "chain_deployments",
        "anchor_requests",
        "chain_health",
        "anchors",
    ):
        op.drop_table(table)
