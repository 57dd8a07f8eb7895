"""Booking of metered calls, a whole commit at once.

The checks of the books move from triggers per row (the deferred one and those of two foreign keys)
to one per statement: docs/decisions/0006-books-in-sets.md.
"""

from alembic import op

from migrations.batch_booking_sql import FUNCTIONS, JOURNAL_POST, METERING_REFUSE, TRIGGERS
from migrations.journal_sql import CHECK_BALANCED
from migrations.journal_sql import JOURNAL_POST as JOURNAL_POST_BEFORE

revision = "0011_batch_booking"
down_revision = "0010_metering"
branch_labels = None
depends_on = None

TRANSACTION_KEY = "postings_transaction_id_posting_count_fkey"
ACCOUNT_KEY = "postings_account_id_organisation_id_currency_fkey"
COUNT_KEY = "journal_transactions_transaction_id_posting_count_key"
REVERSES_KEY = "journal_transactions_reverses_key"


def upgrade() -> None:
    """Check sets instead of rows, and learn to book sets."""
    for body in FUNCTIONS.values():
        op.execute(body)
    op.execute(JOURNAL_POST)
    op.execute(METERING_REFUSE)
    op.execute("DROP TRIGGER journal_transactions_balanced ON journal_transactions")
    op.execute("DROP FUNCTION journal_check_balanced()")
    for key in (TRANSACTION_KEY, ACCOUNT_KEY):
        op.drop_constraint(key, "postings")
    for key in (COUNT_KEY, REVERSES_KEY):
        op.drop_constraint(key, "journal_transactions")
    # Nearly no journal transaction reverses another: the index need not carry those that do not.
    op.execute(
        f"CREATE UNIQUE INDEX {REVERSES_KEY} ON journal_transactions (reverses)"
        " WHERE reverses IS NOT NULL"
    )
    for name, (_, definition) in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {definition}")


def downgrade() -> None:
    """Back to checks of every row."""
    for name, (table, _) in reversed(TRIGGERS.items()):
        op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute(f"DROP INDEX {REVERSES_KEY}")
    op.create_unique_constraint(REVERSES_KEY, "journal_transactions", ["reverses"])
    op.create_unique_constraint(
        COUNT_KEY, "journal_transactions", ["transaction_id", "posting_count"]
    )
    op.create_foreign_key(
        TRANSACTION_KEY,
        "postings",
        "journal_transactions",
        ["transaction_id", "posting_count"],
        ["transaction_id", "posting_count"],
    )
    account = ["account_id", "organisation_id", "currency"]
    op.create_foreign_key(ACCOUNT_KEY, "postings", "journal_accounts", account, account)
    op.execute(CHECK_BALANCED)
    op.execute(
        "CREATE CONSTRAINT TRIGGER journal_transactions_balanced"
        " AFTER INSERT ON journal_transactions DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION journal_check_balanced()"
    )
    op.execute("DROP FUNCTION metering_refuse(text, text[])")
    op.execute(JOURNAL_POST_BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
    for signature in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {signature}")
