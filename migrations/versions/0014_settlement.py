"""Settlement runs, payouts, credits and disputes."""

from alembic import op

revision = "0014_settlement"
down_revision = "0013_offers"
branch_labels = None
depends_on = None

OLD_KINDS = (
    "(organisation_id = 'exchange' AND kind IN ('commission', 'tax', 'rounding', 'suspense',"
    " 'bank')) OR (organisation_id <> 'exchange' AND kind IN ('wallet', 'receivable', 'payable'))"
)
KINDS = (
    "(organisation_id = 'exchange' AND kind IN ('commission', 'tax', 'rounding', 'suspense',"
    " 'bank', 'stripe', 'transit', 'deferred', 'fees', 'bad_debt'))"
    " OR (organisation_id <> 'exchange' AND kind IN ('wallet', 'receivable', 'payable',"
    " 'settled'))"
)
NEW_KINDS = {
    "payable": ("settled",),
    "bank": ("stripe", "transit", "deferred", "fees", "bad_debt"),
}
"""Who has the account on the left is given those on the right."""

EXCHANGE_REACH = "SELECT set_config('counterfoil.reach', 'exchange', true)"


def upgrade() -> None:
    """Open the accounts that settlement needs for everybody who has accounts."""
    op.execute(EXCHANGE_REACH)
    _change_kinds(KINDS)
    for held, opened in NEW_KINDS.items():
        for kind in opened:
            op.execute(
                "INSERT INTO journal_accounts (account_id, organisation_id, kind, currency,"  # noqa: S608 -- constants
                f" opened_at) SELECT organisation_id || '/{kind}/' || currency, organisation_id,"
                f" '{kind}', currency, opened_at FROM journal_accounts WHERE kind = '{held}'"
            )


def downgrade() -> None:
    """Drop what was added; refuses where the new accounts hold postings."""
    op.execute(EXCHANGE_REACH)
    opened = ", ".join(f"'{kind}'" for kinds in NEW_KINDS.values() for kind in kinds)
    op.execute(f"DELETE FROM journal_accounts WHERE kind IN ({opened})")  # noqa: S608 -- constants
    _change_kinds(OLD_KINDS)


def _change_kinds(check: str) -> None:
    op.execute("ALTER TABLE journal_accounts DROP CONSTRAINT kind")
    op.execute(f"ALTER TABLE journal_accounts ADD CONSTRAINT kind CHECK ({check})")
