"""Tables whose rows are kept cannot be emptied either; the log's head and tiles are not deleted."""

from alembic import op

revision = "0076_kept_whole"
down_revision = "0075_rejected_payout_accounts"
branch_labels = None
depends_on = None

# A trigger for each row is not asked by TRUNCATE, and row security is not either.
EMPTIED = {
    "acknowledgements": "log_refuse_change",
    "agreement_shares": "agreement_shares_are_fixed",
    "agreements": "agreements_are_fixed",
    "custom_offers": "custom_offers_are_fixed",
    "journal_accounts": "journal_refuse_change",
    "orders": "orders_are_fixed",
    "payment_operations": "payment_keep_request",
    "payout_accounts": "payment_keep_request",
    "registry_entries": "registry_entries_stay",
}
# These grow by UPDATE, within the bounds of their own triggers.
REMOVED = ("log_head", "log_tiles")


def upgrade() -> None:
    """Each says of TRUNCATE what it says of DELETE."""
    for table, function in EMPTIED.items():
        op.execute(
            f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )
    for table in REMOVED:
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION log_refuse_change()"
        )


def downgrade() -> None:
    """As before."""
    for table in REMOVED:
        op.execute(f"DROP TRIGGER {table}_kept ON {table}")
    for table in EMPTIED:
        op.execute(f"DROP TRIGGER {table}_not_emptied ON {table}")
