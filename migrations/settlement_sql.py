"""Constraints of credits, disputes, settlements and payouts, as migration 0014 installs them."""

from typing import Any

from migrations.row_security import exchange_only

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
"""A migration that moves rows runs under row security like everybody."""

IMMUTABLE_TABLES = ("credits", "credit_items", "settlements")

_TWO_CONFIRMED = (
    "(state = 'requested' AND first_confirmed_by IS NULL AND cancelled_by IS NULL{unpaid})"
    " OR (state = 'confirmed_once' AND first_confirmed_by IS NOT NULL"
    " AND second_confirmed_by IS NULL AND cancelled_by IS NULL{unpaid})"
    " OR (state = 'posted' AND first_confirmed_by IS NOT NULL"
    " AND second_confirmed_by IS NOT NULL AND cancelled_by IS NULL{unpaid})"
    " OR (state = 'cancelled' AND second_confirmed_by IS NULL"
    " AND cancelled_by IS NOT NULL{unpaid})"
)
OLD_TOP_UP_STATE = _TWO_CONFIRMED.format(unpaid="")
# A gateway that moves money itself is believed where two people would be: it is not a bank slip.
TOP_UP_STATE = (
    _TWO_CONFIRMED.format(unpaid=" AND paid_at IS NULL")
    + " OR (state = 'posted' AND paid_at IS NOT NULL AND provider_reference IS NOT NULL"
    " AND gateway <> 'bank_transfer' AND second_confirmed_by IS NULL)"
)

DISPUTE_STATE = (
    "(state = 'opened' AND answered_at IS NULL AND decided_at IS NULL AND withdrawn_at IS NULL)"
    " OR (state = 'answered' AND answered_at IS NOT NULL AND decided_at IS NULL"
    " AND withdrawn_at IS NULL)"
    " OR (state = 'withdrawn' AND withdrawn_at IS NOT NULL AND decided_at IS NULL)"
    " OR (state = 'rejected' AND decided_at IS NOT NULL AND accepted_amount = 0"
    " AND credit_id IS NULL)"
    " OR (state = 'accepted' AND decided_at IS NOT NULL AND accepted_amount = 0"
    " AND credit_id IS NULL)"
    " OR (state = 'credited' AND decided_at IS NOT NULL AND accepted_amount > 0"
    " AND credit_id IS NOT NULL)"
)

PAYOUT_STATE = (
    "(state = 'requested' AND approved_by IS NULL AND cancelled_by IS NULL)"
    " OR (state = 'approved' AND approved_by IS NOT NULL AND sent_at IS NULL AND paid_at IS NULL"
    " AND failed_at IS NULL)"
    " OR (state = 'sent' AND sent_at IS NOT NULL AND paid_at IS NULL AND failed_at IS NULL)"
    " OR (state = 'paid' AND approved_by IS NOT NULL AND paid_at IS NOT NULL"
    " AND failed_at IS NULL)"
    " OR (state = 'failed' AND approved_by IS NOT NULL AND failed_at IS NOT NULL"
    " AND failure_code IS NOT NULL)"
    " OR (state = 'cancelled' AND approved_by IS NULL AND cancelled_by IS NOT NULL)"
)


def readable_by(op: Any, table: str, *owners: str) -> None:
    """The exchange alone writes; the owners read their own rows."""
    exchange_only(op, table)
    op.execute(
        f"CREATE POLICY {table}_readable ON {table} FOR SELECT USING"
        " (current_setting('counterfoil.reach', true) = 'organisation'"
        f" AND current_setting('counterfoil.organisation', true) IN ({', '.join(owners)}))"
    )
