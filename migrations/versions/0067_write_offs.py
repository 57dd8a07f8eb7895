"""Debts that nobody expects to be paid, and what came in for them all the same."""

from alembic import op

from migrations.row_security import exchange_only

revision = "0067_write_offs"
down_revision = "0066_gateway_accounts"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE write_offs (
    write_off_id text PRIMARY KEY,
    organisation_id text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL CONSTRAINT ck_write_offs_amount CHECK (amount > 0),
    recovered_amount bigint NOT NULL DEFAULT 0
        CONSTRAINT ck_write_offs_recovered_amount CHECK (recovered_amount BETWEEN 0 AND amount),
    reason text NOT NULL CONSTRAINT ck_write_offs_reason
        CHECK (char_length(reason) BETWEEN 1 AND 2000),
    state text NOT NULL CONSTRAINT ck_write_offs_state
        CHECK (state IN ('proposed', 'written_off', 'recovered', 'declined')),
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    recovered_at timestamptz,
    CONSTRAINT ck_write_offs_decided
        CHECK ((state = 'proposed') = (decided_by IS NULL)
            AND (decided_by IS NULL) = (decided_at IS NULL)),
    CONSTRAINT ck_write_offs_two_people
        CHECK (state NOT IN ('written_off', 'recovered') OR decided_by <> proposed_by),
    CONSTRAINT ck_write_offs_recovered
        CHECK ((state = 'recovered') = (recovered_at IS NOT NULL)
            AND (state = 'recovered') = (recovered_amount = amount))
);
CREATE UNIQUE INDEX ix_write_offs_proposed ON write_offs (organisation_id, currency)
    WHERE state = 'proposed';
CREATE INDEX ix_write_offs_organisation_id ON write_offs (organisation_id, write_off_id);
CREATE INDEX ix_write_offs_outstanding ON write_offs (write_off_id) WHERE state = 'written_off';
CREATE TABLE write_off_items (
    write_off_id text NOT NULL REFERENCES write_offs,
    kind text NOT NULL CONSTRAINT ck_write_off_items_kind
        CHECK (kind IN ('credit', 'charge_back', 'minimum')),
    subject text NOT NULL,
    organisation_id text NOT NULL,
    amount bigint NOT NULL CONSTRAINT ck_write_off_items_amount CHECK (amount > 0),
    recovered_amount bigint NOT NULL DEFAULT 0
        CONSTRAINT ck_write_off_items_recovered_amount
        CHECK (recovered_amount BETWEEN 0 AND amount),
    PRIMARY KEY (write_off_id, kind, subject)
);
CREATE INDEX ix_write_off_items_subject ON write_off_items (kind, subject);
"""
_OWN = (
    "current_setting('counterfoil.reach', true) = 'organisation'"
    " AND organisation_id = current_setting('counterfoil.organisation', true)"
)
OLD_LINE_STATES = "state IN ('proposed', 'active', 'declined', 'replaced')"
LINE_STATES = "state IN ('proposed', 'active', 'declined', 'replaced', 'written_off')"
OLD_BILL_AMOUNTS = "paid_amount BETWEEN 0 AND amount"
BILL_AMOUNTS = (
    "paid_amount >= 0 AND written_off_amount >= 0 AND paid_amount + written_off_amount <= amount"
    " AND (written_off_amount = 0 OR written_off_at IS NOT NULL)"
)


def upgrade() -> None:
    """An organisation reads what was written off of its own, not what is only proposed."""
    op.execute(TABLES)
    for table in ("write_offs", "write_off_items"):
        exchange_only(op, table)
    op.execute(
        "CREATE POLICY write_offs_readable ON write_offs FOR SELECT"
        f" USING ({_OWN} AND state IN ('written_off', 'recovered'))"
    )
    op.execute(
        f"CREATE POLICY write_off_items_readable ON write_off_items FOR SELECT USING ({_OWN})"
    )
    op.execute(
        "ALTER TABLE credit_bills ADD COLUMN written_off_amount bigint NOT NULL DEFAULT 0,"
        " ADD COLUMN written_off_at timestamptz, ADD COLUMN write_off_id text REFERENCES write_offs"
    )
    _change_check("credit_bills", "paid_amount", BILL_AMOUNTS)
    _change_check("credit_lines", "state", LINE_STATES)
    op.execute(
        "ALTER TABLE top_up_returns ADD COLUMN written_off_amount bigint NOT NULL DEFAULT 0"
        " CONSTRAINT ck_top_up_returns_written_off_amount"
        " CHECK (written_off_amount >= 0 AND collected_amount + written_off_amount <= owed_amount)"
    )


def downgrade() -> None:
    """Refuses where a credit line ended so; the books keep what was booked."""
    op.execute("ALTER TABLE top_up_returns DROP COLUMN written_off_amount")
    _change_check("credit_lines", "state", OLD_LINE_STATES)
    _change_check("credit_bills", "paid_amount", OLD_BILL_AMOUNTS)
    for column in ("write_off_id", "written_off_at", "written_off_amount"):
        op.execute(f"ALTER TABLE credit_bills DROP COLUMN {column}")
    op.execute("DROP TABLE write_off_items; DROP TABLE write_offs")


def _change_check(table: str, name: str, check: str) -> None:
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({check})")
