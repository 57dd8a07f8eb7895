"""Transfers of registrations to another supplier, and the line of registrations that follows."""

from alembic import op

from migrations.row_security import open_to_all, protect

revision = "0046_transfers"
down_revision = "0045_collector_keys"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE registration_transfers (
    id text PRIMARY KEY,
    registration_id text NOT NULL REFERENCES registry_entries,
    product_id text NOT NULL REFERENCES data_products,
    supplier_id text NOT NULL,
    transferee_id text NOT NULL,
    state text NOT NULL
        CHECK (state IN ('PROPOSED', 'ACCEPTED', 'DECLINED', 'WITHDRAWN', 'COMPLETED')),
    grounds text NOT NULL CHECK (char_length(grounds) BETWEEN 3 AND 2000),
    deed_hash text NOT NULL CHECK (deed_hash ~ '^[0-9a-f]{64}$'),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    accepted_by text,
    accepted_at timestamptz,
    successor_product_id text REFERENCES data_products,
    successor_id text REFERENCES registry_entries,
    reason text,
    changed_at timestamptz NOT NULL,
    CONSTRAINT ck_registration_transfers_two_parties CHECK (supplier_id <> transferee_id),
    CONSTRAINT ck_registration_transfers_accepted
        CHECK ((accepted_at IS NULL) = (accepted_by IS NULL)
            AND (state NOT IN ('ACCEPTED', 'COMPLETED') OR accepted_at IS NOT NULL)),
    CONSTRAINT ck_registration_transfers_completed
        CHECK (state <> 'COMPLETED' OR successor_id IS NOT NULL),
    CONSTRAINT ck_registration_transfers_reason
        CHECK ((state IN ('DECLINED', 'WITHDRAWN')) = (reason IS NOT NULL))
);
CREATE UNIQUE INDEX uq_registration_transfers_product_id_open ON registration_transfers (product_id)
    WHERE state IN ('PROPOSED', 'ACCEPTED');
CREATE INDEX ix_registration_transfers_registration_id ON registration_transfers (registration_id);
CREATE INDEX ix_registration_transfers_product_id ON registration_transfers (product_id);
CREATE INDEX ix_registration_transfers_supplier_id ON registration_transfers (supplier_id, id);
CREATE INDEX ix_registration_transfers_transferee_id ON registration_transfers (transferee_id, id);
CREATE UNIQUE INDEX uq_registration_transfers_successor_product_id
    ON registration_transfers (successor_product_id);
CREATE INDEX ix_registration_transfers_successor_id ON registration_transfers (successor_id);

CREATE TABLE registry_successions (
    registration_id text PRIMARY KEY REFERENCES registry_entries,
    successor_id text NOT NULL REFERENCES registry_entries,
    transferred_at timestamptz NOT NULL,
    CONSTRAINT ck_registry_successions_not_itself CHECK (registration_id <> successor_id)
);
CREATE UNIQUE INDEX uq_registry_successions_successor_id ON registry_successions (successor_id);
"""

ENTRY_STATES = "'REGISTERED', 'FINAL', 'SUPERSEDED', 'CANCELLED'"
REGISTRATION_STATES = "'REGISTERED', 'OBJECTION', 'REGISTERED_FINAL', 'CANCELLED'"


def upgrade() -> None:
    """What ends on one side goes on at the other; the registry shows both to everybody."""
    op.execute(TABLES)
    protect(op, "registration_transfers", owners=["supplier_id", "transferee_id"])
    open_to_all(op, "registry_successions")
    _states(f"{ENTRY_STATES}, 'TRANSFERRED'", f"{REGISTRATION_STATES}, 'TRANSFERRED'")


def downgrade() -> None:
    """A registration that was transferred was superseded, as the former holder sees it."""
    op.execute("DROP TABLE registry_successions")
    op.execute("DROP TABLE registration_transfers")
    op.execute("UPDATE registry_entries SET state = 'SUPERSEDED' WHERE state = 'TRANSFERRED'")
    op.execute("UPDATE registrations SET state = 'CANCELLED' WHERE state = 'TRANSFERRED'")
    _states(ENTRY_STATES, REGISTRATION_STATES)


def _states(of_entries: str, of_registrations: str) -> None:
    op.drop_constraint("state", "registry_entries")
    op.create_check_constraint(
        "state",
        "registry_entries",
        f"state IN ({of_entries}) AND (state = 'CANCELLED') = (cancel_reason IS NOT NULL)",
    )
    op.drop_constraint("state", "registrations")
    op.create_check_constraint("state", "registrations", f"state IN ({of_registrations})")
