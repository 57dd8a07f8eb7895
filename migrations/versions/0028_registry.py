"""The public registry of data products, apart from the listings that sell them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from migrations.row_security import open_to_all, protect

revision = "0028_registry"
down_revision = "0027_narrowings"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
ENTRY = "registry_entries.registration_id"


def upgrade() -> None:
    """A registry that everybody reads; what was once entered in it stays."""
    _create_entries()
    _keep_entries()
    _create_inputs()
    _create_words()
    # The registry is public by purpose: what is registered, to whom, and what became of it.
    protect(op, "registry_entries", owners=["holder_id"], public="true")
    open_to_all(op, "registry_inputs")
    open_to_all(op, "registry_words")


def downgrade() -> None:
    """Without a registry."""
    for table in ("registry_words", "registry_inputs", "registry_entries"):
        op.drop_table(table)
    op.execute("DROP FUNCTION registry_entries_stay()")


def _create_entries() -> None:
    op.create_table(
        "registry_entries",
        sa.Column("registration_id", sa.Text, primary_key=True),
        sa.Column(
            "product_id", sa.Text, sa.ForeignKey("data_products.id"), nullable=False, index=True
        ),
        sa.Column(
            "version_id", sa.Text, sa.ForeignKey("product_versions.id"), nullable=False, index=True
        ),
        sa.Column("version_number", sa.BigInteger, nullable=False),
        sa.Column("holder_id", sa.Text, nullable=False, index=True),
        sa.Column("holder_name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("record", JSONB, nullable=False),
        sa.Column("record_hash", sa.Text, nullable=False),
        sa.Column("product_kind", sa.Text, nullable=False, index=True),
        sa.Column("sectors", ARRAY(sa.Text), nullable=False),
        sa.Column("rights", ARRAY(sa.Text), nullable=False),
        sa.Column("valid_to", sa.Date),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("cancel_reason", sa.Text),
        sa.CheckConstraint("record_hash ~ '^[0-9a-f]{64}$'", name="record_hash"),
        sa.CheckConstraint("record ->> 'grade' <> 'CORE'", name="grade"),
        sa.CheckConstraint(
            "state IN ('REGISTERED', 'FINAL', 'SUPERSEDED', 'CANCELLED')"
            " AND (state = 'CANCELLED') = (cancel_reason IS NOT NULL)",
            name="state",
        ),
    )
    op.create_index(
        "uq_registry_entries_product_id_final",
        "registry_entries",
        ["product_id"],
        unique=True,
        postgresql_where=sa.text("state = 'FINAL'"),
    )


def _keep_entries() -> None:
    op.execute(
        """
        CREATE FUNCTION registry_entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND OLD.state <> 'CANCELLED'
               AND (to_jsonb(NEW) - '{state,changed_at,cancel_reason}'::text[])
                 = (to_jsonb(OLD) - '{state,changed_at,cancel_reason}'::text[]) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'an entry of the registry only becomes final, superseded or cancelled'
                USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER registry_entries_stay BEFORE UPDATE OR DELETE ON registry_entries"
        " FOR EACH ROW EXECUTE FUNCTION registry_entries_stay()"
    )


def _create_inputs() -> None:
    op.create_table(
        "registry_inputs",
        sa.Column("registration_id", sa.Text, sa.ForeignKey(ENTRY), primary_key=True),
        sa.Column("input_id", sa.Text, sa.ForeignKey(ENTRY), primary_key=True, index=True),
        sa.CheckConstraint("registration_id <> input_id", name="not_itself"),
    )


def _create_words() -> None:
    # Apart, as the listings' words are: @@ is not leakproof.
    op.create_table(
        "registry_words",
        sa.Column("registration_id", sa.Text, sa.ForeignKey(ENTRY), primary_key=True),
        sa.Column("search", TSVECTOR, nullable=False),
    )
    op.create_index(
        "ix_registry_words_search", "registry_words", ["search"], postgresql_using="gin"
    )
